"""bin/reproduce: a table of a paper, from its trainings to our numbers beside the published ones, claims checked.

    bin/reproduce                                             the studies
    bin/reproduce --study=idgan_table2 --scale=smoke          does it run? minutes
    bin/reproduce --study=idgan_table2                        hours on two CPU cores
    bin/reproduce --study=idgan_table2 --jobs=2               two jobs at a time, each on its own core
    bin/reproduce --study=idgan_table2 --scale=paper --only=3/20
    bin/reproduce --study=idgan_table2 --scale=paper --list
    bin/reproduce --verify                                    do the tables in docs/results follow from their numbers?
    bin/reproduce --claims                                    writes them, and the page of all claims, anew from these
    bin/reproduce --study=path/to/mine.toml                   a table of one's own
    bin/reproduce --study=path/to/mine.toml --gin_allow_import=mine     whose gin files import mine.py

A study is a list of jobs, one for each row and seed, each with a run directory in <runs>/<study>-<scale>/
(or in that of the study whose runs it reads, as those on dSprites read those of teachers; --list shows them). A killed
study goes on where it stopped, and what is done is used. --list shows the jobs and how far each is, --commands prints
them as lines for a shell, to run one after the other. --only=i/n runs every n-th job: give each machine of a cluster
another i (seq 20 | parallel bin/reproduce --study=S --only={}/20). Two shares that need the same teacher or feature
network train it once, if they share their files; the second waits. --jobs=n runs n jobs at a time on this machine,
each pinned to its own cores (of CPUs: GPUs are not shared out); what one of them ends with is told when the others
have ended, too, and Ctrl-C lets all save what they have. The table, as far as it is known, is printed at the end and
lies in <runs>/<study>-<scale>/results/; bin/report --study=S makes it a page.
"""

import pathlib
import sys
import time

from absl import flags, logging

from idgan_tf.commands import cli
from idgan_tf.errors import DataError, JobsFailed
from idgan_tf.studies import jobs, measured, side_by_side, study, table

FLAGS = cli.flags_of(gin_param="A binding of every training, such as 'train.jit_compile = True'.")
flags.DEFINE_string("study", None, "Which table, or the path of a .toml file; none shows them.", flag_values=FLAGS)
flags.DEFINE_string("scale", "cpu", "The budget: paper, cpu or smoke.", flag_values=FLAGS)
flags.DEFINE_string("runs", "runs", "The folder for the run directories.", flag_values=FLAGS)
flags.DEFINE_string("only", None, "i/n: the i-th of n shares of the jobs.", flag_values=FLAGS)
flags.DEFINE_integer("jobs", 1, "How many jobs run at a time.", lower_bound=1, flag_values=FLAGS)
flags.DEFINE_bool("list", False, "Show the jobs, and how far each is, and end.", flag_values=FLAGS)
flags.DEFINE_bool("commands", False, "Print the jobs as commands for a shell, and end.", flag_values=FLAGS)
flags.DEFINE_bool(
    "verify", False, "Make the tables of docs/results (or of one --study) anew, compare, and end.", flag_values=FLAGS
)

flags.DEFINE_bool(
    "claims", False, "Write the tables of docs/results and the page of all claims anew, and end.", flag_values=FLAGS
)

JOB = ["row", "seed", "steps", "done", "run directory"]


def check():
    """Finds what is wrong at once."""
    if FLAGS.study:
        study.load(FLAGS.study, FLAGS.scale)
    if FLAGS.only is not None:
        jobs.share([], FLAGS.only)
    side_by_side.places(FLAGS.jobs)


def main():
    """Runs the command."""
    from idgan_tf.studies import results

    if FLAGS.claims:
        _write_claims()
        return
    if FLAGS.verify:
        _verify()
        return
    if not FLAGS.study:
        for name in study.names():
            print(f"{name:14} {study.load(name, 'paper').title}")
        return
    chosen = study.load(FLAGS.study, FLAGS.scale)
    given = FLAGS.runs, FLAGS.gin_param, FLAGS.gin_allow_import
    planned = jobs.plan(chosen, *given)
    mine = jobs.share(planned, FLAGS.only) if FLAGS.only is not None else planned
    if FLAGS.list:
        print(*table.columns([JOB, *map(_line, mine)]), sep="\n")
        return
    if FLAGS.commands:
        print(cli.named("\n".join(jobs.commands(mine))))
        return
    results.write(chosen, *given)  # finds an unwritable folder first
    if FLAGS.jobs > 1:
        failed = _side_by_side(planned, mine)
    else:
        failed = _in_turn(mine, lambda: results.write(chosen, *given))
    result, folder = results.write(chosen, *given)
    print(f"\n{table.to_terminal(result)}\n\nwrote {folder}/table.md, table.csv, results.json, pictures/")
    if failed:
        told = "; ".join(f"{job.row.id}, seed {job.seed}: {_reason(code, last)}" for job, code, last in failed)
        code = failed[0][1]
        raise JobsFailed(f"{len(failed)} of {len(mine)} jobs ended with an error: {told}", code if code > 0 else 1)


def _verify():
    """Prints a line for each study; raises DataError where something is not what its numbers give."""
    from idgan_tf.studies import evidence

    found = [evidence.verify(folder) for folder in evidence.folders(FLAGS.study)]
    for told, wrong in found:
        print(f"{told}: {'; '.join(wrong) or 'as they are made today'}")
    count = sum(bool(wrong) for _, wrong in found)
    if count:
        raise DataError(f"{count} of {len(found)} studies are not what their numbers give; see above")
    if wrong := [] if FLAGS.study else evidence.verify_pages():
        raise DataError("; ".join(wrong))


def _write_claims():
    """Writes docs/results anew from its numbers: claims and tables, then the page of them and the README's lines."""
    from idgan_tf.files import write_text
    from idgan_tf.studies import evidence

    for folder in evidence.folders():
        evidence.make(folder)
    for path, text in evidence.pages().items():
        write_text(path, text)
        print(f"wrote {path}")


def _in_turn(mine, write):
    """Runs jobs in this process, the table written after each; [], since an error ends all of them."""
    import keras

    from idgan_tf.studies import running

    began = time.monotonic()
    mine = [*mine, *filter(jobs.compares_runs, mine)]  # again, when those that came after are there
    for number, job in enumerate(mine, 1):
        minutes = (time.monotonic() - began) / 60
        logging.info("job %d of %d, after %.0f min: %s, seed %d", number, len(mine), minutes, job.row.name, job.seed)
        running.run(job)
        keras.backend.clear_session()  # here, where nobody's precision and seeds are lost with it
        write()
    return []


def _side_by_side(planned, mine):
    """Runs jobs in processes of their own; those that ended with an error, as `side_by_side.run` gives them."""
    flags = [f"--study={FLAGS.study}", f"--scale={FLAGS.scale}", f"--runs={FLAGS.runs}", f"--debug={FLAGS.debug}"]
    flags += [f"--gin_param={param}" for param in FLAGS.gin_param]
    flags += [f"--gin_allow_import={name}" for name in FLAGS.gin_allow_import]
    ours = [sys.argv[0]] if pathlib.Path(sys.argv[0]).is_file() else ["-m", "idgan_tf", "reproduce"]
    command = [sys.executable, *ours, *flags]
    shares = {f"{number}/{len(planned)}": job for number, job in enumerate(planned, 1) if job in mine}
    again = {share: job for share, job in shares.items() if jobs.compares_runs(job)}
    return side_by_side.run(shares, command, FLAGS.jobs) + side_by_side.run(again, command, FLAGS.jobs)


def _reason(code, last):
    return last if code > 0 else f"ended by signal {-code}"


def _line(job):
    done = job.run.steps_done() or 0
    return [job.row.name, str(job.seed), f"{measured.asked_steps(job):,}", f"{done:,}", str(job.run.path)]


def start():
    cli.run(main, __doc__, FLAGS, check)
