"""How long recurrent codecs decode."""

from __future__ import annotations

from nacre.bench import decode_times as decoding
from nacre.bench.files import write_json, write_whole
from nacre.bench.parts.job import Job


def decode_times(job: Job) -> None:
    """Decode times of the recurrent codecs: decode-times.json and decode-times.md, one process."""
    names = tuple(dict.fromkeys(codec for codec, _ in decoding.SECONDS))
    found, missing = job.choose(names, "decode-times")
    chosen = [each for each in decoding.SECONDS if each[0] in found]
    picture = job.kodak()[0]
    times = decoding.decode_times(picture, chosen, threads=job.threads, progress=job.progress)
    write_json(job.out / "decode-times.json", [each.as_dict() for each in times])
    write_whole(job.out / "decode-times.md", decoding.as_markdown(times, picture, job.threads, missing))
