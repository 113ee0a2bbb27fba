"""gin/README.md shows what there is: `python -m tests.test_gin_readme` writes it anew."""

import re

from tests.helpers import GIN_FILES, PROJECT

README = PROJECT / "gin" / "README.md"
DATASETS = sorted((path.stem for path in (PROJECT / "gin/data").glob("*.gin")), key=len, reverse=True)
OWN_IMAGES = [f"gin/{method}_images.gin" for method in ("betavae", "idgan", "label_relevant_vae")]
PAPERS = {  # title: methods, as their gin files are called
    "ID-GAN and its baselines (Lee et al., ECCV 2020)": re.compile(
        r"(vae|betavae|factorvae|gan|infogan|vaegan|cgan|idgan\w*|factorvae_showcase)$"
    ),
    "IB-GAN and its baselines (Jeon et al., AAAI 2021)": re.compile(r"(dc\w+|ibgan\w*|betatcvae)$"),
    "The label-relevant / irrelevant VAE and its baselines (Zheng & Sun, CVPR 2019)": re.compile(
        r"(label_relevant_vae|cvae|cvaegan|label_cgan)$"
    ),
    "Methods that the field's tables are about": re.compile(r"(annealedvae|adagvae|infogancr|qlae)$"),
    "Classifiers that metrics look with": re.compile(r"(factor|label)_classifier$"),
}
TEXT = """# Experiments

One gin file an experiment, named `<method>_<dataset>.gin`: `bin/train --gin_file=gin/idgan_celebahq.gin`. A file
includes what it is made of, which can be combined otherwise and named on the command line one after the other:

| folder | what a file there binds |
|---|---|
| `methods/` | a method, its players and weights |
| `networks/` | architectures |
| `optimizers/` | optimizers and their rates |
| `data/` | a dataset, the size of its images, what is done to them |
| `eval/` | protocols of metrics, for `bin/evaluate --gin_file=` |
| `sweeps/` | an experiment and the values of one of its parameters |

`quickstart.gin` is an ID-GAN on dSprites in minutes, `quickstart_factorvae.gin` its first stage; `*_images.gin` are for
your own images ([docs/data.md](../docs/data.md)). This page is written by `python -m tests.test_gin_readme`, and a test
compares.
"""


def parts(stem):
    """(method, dataset) of the stem of a gin file, or None."""
    dataset = next((name for name in DATASETS if stem.endswith(f"_{name}")), None)
    return dataset and (stem.removesuffix(f"_{dataset}"), dataset)


def matrix(experiments):
    """A table of links: a row for each method, a column for each dataset."""
    methods = sorted({method for method, _ in experiments})
    datasets = sorted({dataset for _, dataset in experiments})
    lines = [["", *datasets], ["---"] * (len(datasets) + 1)]
    for method in methods:
        found = [(method, dataset) in experiments for dataset in datasets]
        cells = [f"[x]({method}_{dataset}.gin)" if x else "" for dataset, x in zip(datasets, found, strict=True)]
        lines.append([f"`{method}`", *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page():
    stems = [name.removeprefix("gin/").removesuffix(".gin") for name in GIN_FILES]
    experiments = {parts(stem) for stem in stems} - {None}
    sections = [TEXT]
    for title, methods in PAPERS.items():
        sections.append(f"## {title}\n\n{matrix({e for e in experiments if methods.match(e[0])})}\n")
    return "\n".join(sections)


def test_the_page_shows_every_experiment():
    assert README.read_text() == page()
    left = [stem for stem in map(parts, (name[4:-4] for name in GIN_FILES)) if stem]
    known = [experiment for experiment in left if any(p.match(experiment[0]) for p in PAPERS.values())]
    assert left == known, "which paper is it of?"
    assert {name for name in GIN_FILES if parts(name[4:-4]) is None} == {
        "gin/quickstart.gin",
        "gin/quickstart_factorvae.gin",
        *OWN_IMAGES,
    }


if __name__ == "__main__":
    README.write_text(page())
