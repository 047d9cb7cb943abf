"""Pictures as the codecs see them: reading and writing through Pillow, padding, metrics.

``picture``    the :class:`~nacre.picture.picture.Picture` itself: samples, alpha, metadata
``reading``    files, streams, Pillow images and arrays to pictures
``writing``    pictures to Pillow images and files
``padding``    planes whose sides are multiples of a network's stride
``metrics``    PSNR, SSIM, block SSIM, MS-SSIM
``icc``, ``exif``, ``pillow``, ``replacing``    what reading and writing stand on

The package itself imports nothing, so that commands which need no pixels stay light.
"""
