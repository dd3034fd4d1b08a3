"""The web server around moto."""

import json
import logging
import sys
from urllib.parse import parse_qs

import changes
import faults
import parameters
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from settings import LAB
from werkzeug.serving import run_simple

OUR_PATHS = "/etcd-lab/"


class QuietHandler(MotoRequestHandler):
    """calls.py logs EC2 better than an access log can; other services show as one line a
    request."""

    def log_request(self, code="-", size="-") -> None:
        if self.path != "/" and not self.path.startswith(OUR_PATHS):
            logging.info("%s %s -> %s", self.command, self.path, code)


class Application:
    """moto, and beside it what only the lab asks for, in JSON.

    GET /etcd-lab/changes?seen=N answers {"changes": M} once M is not N, or after 5 s; GET and POST
    /etcd-lab/faults and DELETE /etcd-lab/faults/N list, make and end faults of calls (faults.py).
    """

    def __init__(self) -> None:
        self.moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ, start_response):
        if not environ.get("PATH_INFO", "").startswith(OUR_PATHS):
            return self.moto(environ, start_response)
        answer = _answer(environ)
        body = json.dumps(answer).encode()
        status = "404 Not Found" if answer is None else "200 OK"
        start_response(
            status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        )
        return [body]


def _answer(environ):
    match [environ["REQUEST_METHOD"], *environ["PATH_INFO"].removeprefix(OUR_PATHS).split("/")]:
        case ["GET", "changes"]:
            seen = int(parse_qs(environ.get("QUERY_STRING", "")).get("seen", ["-1"])[0])
            return {"changes": changes.wait_for_other_than(seen, 5)}
        case ["GET", "faults"]:
            return faults.listed()
        case ["POST", "faults"]:
            return faults.add(_body(environ))
        case ["POST", "unread", action]:
            return parameters.unread(action, _body(environ))
        case ["DELETE", "faults", number]:
            return faults.remove(int(number))
    return None


def _body(environ) -> dict:
    return json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))


def serve() -> None:
    """Serves on loopback only, for as long as the process lives."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(message)s", datefmt="%H:%M:%S"
    )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    logging.info(
        "EC2 emulator on 127.0.0.1:%d, VPC %s %s", LAB["port"], LAB["vpc"]["id"], LAB["vpc"]["cidr"]
    )
    run_simple("127.0.0.1", LAB["port"], Application(), threaded=True, request_handler=QuietHandler)
