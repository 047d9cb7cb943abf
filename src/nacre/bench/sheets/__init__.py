"""Contact sheets: one photograph through several codecs, as pictures side by side."""
