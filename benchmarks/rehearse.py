"""Measures a rehearsal of `prod`, phase by phase, and planning all its phases.

The rollout runs on emulated AWS from synthesis to the empty second plan. Then, with everything applied, planning
all phases with `bin/ops plan` alternates with the baseline: `terraform plan` in one folder after the
other. Both start from the same initialized folders, against the same emulator; times are medians, memory
is the highest of the whole process tree (see benchmarks/synth.py). benchmarks/plan.py measures plans one by one.
"""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks import plan
from benchmarks.plan import SAVED
from benchmarks.promises import Promise
from benchmarks.synth import OUT, ROOT, Way, peak_memory, run
from environments import load
from ops.rollout.people import PLANNER
from ops.terraform.plan import caller_flags
from ops.terraform.provider.setting import SETTING, CachedSchema
from ops.terraform.schedule import PROVIDER_BYTES, default_jobs
from rehearsal.context import Rehearsal, emulated_environment
from rehearsal.rollout import nothing_left
from rehearsal.steps import every_phase_applies

ENVIRONMENT = "prod"
FASTER = 1.5
"""How much faster planning all phases must be than one after another, on two cores."""
MINUTES = 8
"""What a rollout may take on two cores."""


def promises(runs: int) -> Iterator[Promise]:
    """Measure a rollout, and then plans."""
    environment = load(ENVIRONMENT)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-O", "main.py", environment.name], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with emulated_environment(environment, OUT, "benchmark") as rehearsal:
        seen = every_phase_applies(rehearsal)
        applied = time.perf_counter()
        for phase in seen.phases:
            planning = (seen.planning or {}).get(phase.phase, 0)
            print(
                f"  {phase.phase:13} {phase.seconds + planning:6.1f} s   of it planning {planning:5.1f} s", flush=True
            )
        nothing_left(rehearsal)
        print(f"  second plan   {time.perf_counter() - applied:6.1f} s", flush=True)
        yield Promise("minutes of a rollout, by the clock", (time.perf_counter() - start) / 60, MINUTES)
        rehearsal.sign_in(PLANNER)
        yield from _at_once(rehearsal, runs)
        yield from plan.promises(rehearsal, runs)


def _at_once(rehearsal: Rehearsal, runs: int) -> Iterator[Promise]:
    """Planning all phases at once against one after another."""
    name = rehearsal.environment.name
    plans = []
    for stack in rehearsal.session.stacks().values():
        flags = ("-input=false", f"-out={SAVED}", *caller_flags(rehearsal.session.aws.caller, stack))
        plans.append(shlex.join(("terraform", f"-chdir={stack.folder}", "plan", *flags)))
    command = [sys.executable, "-m", "ops", "plan", name, "--out", str(rehearsal.folder)]
    without = {SETTING: CachedSchema.NO}  # Rehearsals plan with it, and it would be what is measured.
    one_by_one = Way("one after another", ["bash", "-ec", "\n".join(plans)], without, rehearsal.folder)
    at_once = Way("ops plan", command, without, rehearsal.folder)
    times: dict[str, list[float]] = {way.name: [] for way in (one_by_one, at_once)}
    for _ in range(runs):
        for way in (one_by_one, at_once):
            times[way.name].append(run(way)[0])
    medians = {each: statistics.median(taken) for each, taken in times.items()}
    memory = {way.name: peak_memory(way) for way in (one_by_one, at_once)}
    print(f"  planning {len(plans)} phases, {default_jobs()} at once on {os.cpu_count()} cores")
    for each, seconds in medians.items():
        print(f"  {each:18} {seconds:6.1f} s {memory[each] / 1e6:6.0f} MB")
    ratio = medians[one_by_one.name] / medians[at_once.name]
    yield Promise("`ops plan`: times faster than one after another, by the clock", ratio, FASTER, least=True)
    most = default_jobs() * PROVIDER_BYTES
    yield Promise("`ops plan`: MB", memory[at_once.name] / 1e6, most / 1e6)
