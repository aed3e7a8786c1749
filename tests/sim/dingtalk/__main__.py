"""`python -m tests.sim.dingtalk --port 9100`: the simulator with a page, until Ctrl-C.

It starts with one group, one robot and one app whose ids are always the same, so that a
config.yaml written once keeps working.
"""

import argparse
import asyncio
import contextlib

from .model import User
from .rules import Rules
from .simulator import DingTalkSim

_TOKEN = "5" * 64
_SECRET = "SEC" + "5" * 64
_CLIENT_ID, _CLIENT_SECRET = "dingsimapp00000000", "simulated-client-secret"
_CONVERSATION = "cidSimulatedOpsGroup=="
_PEOPLE = [
    User("0147", "李伟", mobile="13800001111", admin=True),
    User("0258", "Ann Chen", mobile="13800002222"),
    User("guest", "访客", external=True),
]

_STARTED = """\
DingTalk simulator: {url}/  (the page; control plane under {url}/_sim)

In config.yaml:

channels:
  - {{name: ops, type: dingtalk_robot, webhook: "{webhook}", secret: "{secret}"}}
  - {{name: ops-app, type: dingtalk_app, mode: stream, client_id: {client_id},
     client_secret: {client_secret}, robot_code: {robot_code},
     conversation_id: "{conversation}", api_base: "{url}", oapi_base: "{url}"}}
people:
  - {{name: li.wei, role: responder, dingtalk_user_id: "0147"}}

Ctrl-C ends it.
"""


async def serve(host: str, port: int) -> None:
    """Run it with its first inhabitants until cancelled."""
    async with DingTalkSim(rules=Rules(), host=host, port=port) as sim:
        group = sim.world.add_group("ops-alerts", _PEOPLE, conversation_id=_CONVERSATION)
        robot = sim.world.add_robot(group, secret=_SECRET, token=_TOKEN)
        app = sim.world.add_app(client_id=_CLIENT_ID, client_secret=_CLIENT_SECRET, group=group)
        sim.world.add_template()
        started = _STARTED.format(
            url=sim.url,
            webhook=robot.webhook,
            secret=robot.secret,
            client_id=app.client_id,
            client_secret=app.client_secret,
            robot_code=app.robot_code,
            conversation=group.conversation_id,
        )
        print(started, flush=True)  # noqa: T201
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sim.dingtalk", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100)
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments.host, arguments.port))


main()
