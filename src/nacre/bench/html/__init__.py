"""The bench's report as one page of HTML: plots, tables, and a comparer of pictures.

The page stands alone: style, script and pictures are inside, and nothing is fetched.
"""
