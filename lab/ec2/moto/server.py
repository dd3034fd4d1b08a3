"""The web server around moto."""

import json
import logging
import sys
from urllib.parse import parse_qs

import changes
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from settings import LAB
from werkzeug.serving import run_simple

CHANGES_PATH = "/etcd-lab/changes"


class QuietHandler(MotoRequestHandler):
    """calls.py logs EC2 better than an access log can; other services show as one line a request."""

    def log_request(self, code="-", size="-") -> None:
        if self.path != "/" and not self.path.startswith(CHANGES_PATH):
            logging.info("%s %s -> %s", self.command, self.path, code)


class Application:
    """moto, and beside it `GET /etcd-lab/changes?seen=N`: answers {"changes": M} once M is not N, or after 5 s."""

    def __init__(self) -> None:
        self.moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ, start_response):
        if environ.get("PATH_INFO") != CHANGES_PATH:
            return self.moto(environ, start_response)
        seen = int(parse_qs(environ.get("QUERY_STRING", "")).get("seen", ["-1"])[0])
        body = json.dumps({"changes": changes.wait_for_other_than(seen, 5)}).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


def serve() -> None:
    """Serves on loopback only, for as long as the process lives."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    logging.info("EC2 emulator on 127.0.0.1:%d, VPC %s %s", LAB["port"], LAB["vpc"]["id"], LAB["vpc"]["cidr"])
    run_simple("127.0.0.1", LAB["port"], Application(), threaded=True, request_handler=QuietHandler)
