"""Openstacksdk's answers for environments and files. Needs a Python that has openstacksdk; reads cases, writes answers.

A case is {"environment", "folder", "arguments"}; its answer {"cloud", "project", "region", "url"} or {"error"}.
"""

import argparse
import importlib
import json
import os
import sys
import warnings


def answer(case):
    """What an OpenStack client finds with this environment, in this folder."""
    os.environ.clear()
    os.environ.update(case["environment"])
    os.chdir(case["folder"])
    from openstack.config import loader

    # The search folders are set when the module is loaded.
    importlib.reload(loader)
    config = loader.OpenStackConfig()
    parser = argparse.ArgumentParser()
    arguments = list(case["arguments"])
    config.register_argparse_arguments(parser, arguments)
    region = config.get_one(argparse=parser.parse_args(arguments))
    auth = region.config["auth"]
    return {
        "cloud": region.name, "region": region.config.get("region_name") or None, "url": auth.get("auth_url"),
        "project": auth.get("project_id") or auth.get("project_name"),
    }


def main():
    import logging

    import openstack.config.loader  # noqa: F401  Loaded once, before the cases are forked off.

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    answers = []
    for case in json.load(sys.stdin):
        read, write = os.pipe()
        if os.fork() == 0:
            os.close(read)
            try:
                result = answer(case)
            except BaseException as error:
                result = {"error": f"{type(error).__name__}: {error}"}
            with os.fdopen(write, "w") as pipe:
                json.dump(result, pipe)
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            answers.append(json.load(pipe))
        os.wait()
    json.dump(answers, sys.stdout)


main()
