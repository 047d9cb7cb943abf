"""Rate and quality against today's codecs."""

from __future__ import annotations

from dataclasses import replace

from nacre.bench.against import Against
from nacre.bench.files import write_json, write_whole
from nacre.bench.markdown import render
from nacre.bench.parts.codecs import ANCHORS, GRU, LONG, OURS, PUBLISHED
from nacre.bench.parts.job import Job

CODECS = (OURS, LONG, f"{GRU}:raw:iterations=12", *ANCHORS)


def kodak(job: Job) -> None:
    """Rate and quality: kodak.json, .md, .png, .svg, and a file a codec in CompressAI's shape in kodak/.

    What entropy coding saves against the raw codes of gru-conv stands in entropy.md.
    """
    report = job.run(
        CODECS,
        json=job.out / "kodak.json",
        plot=job.out / "kodak.png",
        anchor="jpeg:420",
        published_curves=PUBLISHED,
    )
    text = render(report)
    named = {codec.name: codec for codec in report.codecs}
    for own in (OURS, LONG):
        if own in named:
            text += f"\n{Against.of(report, own).as_markdown()}\n"
    write_whole(job.out / "kodak.md", text)
    for raw in (name for name in named if ":raw" in name):
        pair = [named[raw.replace(":raw", "")], named[raw]]
        coder = replace(report, codecs=pair, anchor=raw, published=[])
        write_whole(job.out / "entropy.md", render(coder))
    for codec in report.codecs:
        shape = {"name": codec.name, "description": codec.description, "results": codec.mean_results()}
        write_json(job.out / "kodak" / f"{codec.name.replace(':', '-')}.json", shape)
