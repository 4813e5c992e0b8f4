"""The table of stages: every stage that works in chunks is in it, and is loaded when it is needed."""

import subprocess
import sys
from importlib import import_module

import pytest

from legacy_import import stages
from legacy_import.choices import Stage
from legacy_import.engine.chunks import Job
from tests.processes import ROOT, environment


def test_every_stage_is_in_the_table():
    assert set(stages.MODULES) == set(Stage)


@pytest.mark.parametrize("stage", Stage)
def test_the_work_of_a_job_is_that_of_its_stage(stage, monkeypatch):
    module = import_module(f"legacy_import.stages.{stages.MODULES[stage]}")
    opened = []
    monkeypatch.setattr(module, "open_work", opened.append)
    job = Job(7, stage, "token")
    stages.open_work(job)
    assert opened == [job]


def test_a_command_loads_no_other_stage():
    program = (
        "import sys, django; django.setup(); "
        "import legacy_import.management.commands.legacy_validate; "
        "loaded = {name.split('.')[2] for name in sys.modules"
        " if name.startswith('legacy_import.stages.')}; "
        "assert loaded == {'validation'}, loaded"
    )
    env = environment(None, DJANGO_SETTINGS_MODULE="ecoin.settings")
    subprocess.run([sys.executable, "-c", program], env=env, cwd=ROOT, check=True)
