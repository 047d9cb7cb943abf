"""The recurrent family: codecs that send a picture in iterations of a few bits each."""
