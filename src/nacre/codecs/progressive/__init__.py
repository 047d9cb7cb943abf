"""`progressive`: linear transform plus networks, integer hyperprior, embedded bit planes."""
