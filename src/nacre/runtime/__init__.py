"""Networks at run time: the weights store and onnxruntime sessions. Knows no file format."""
