"""The whole simulator: one server that stands for api.dingtalk.com and oapi.dingtalk.com."""

from typing import Self

import aiohttp
from aiohttp import web

from . import callback, cards, control, openapi, people, robot
from .callback import Forgery
from .gateway import Gateway
from .model import App, Button, Card, Delivery, Group, Json, Said, User
from .rules import Rules
from .world import WORLD, World


class DingTalkSim:
    """`async with DingTalkSim() as sim:` serves at `sim.url` until the block ends.

    `world` is the state, to fill and to look at; `gateway` the stream connections. `port` 0 takes
    a free one.
    """

    def __init__(
        self, *, rules: Rules | None = None, host: str = "127.0.0.1", port: int = 0, seed: int = 0
    ) -> None:
        self.world = World(rules or Rules(), seed)
        self.gateway = Gateway(self.world)
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`: api_base and oapi_base alike."""
        return self.world.url

    async def __aenter__(self) -> Self:
        app = web.Application()
        app[WORLD] = self.world
        for part in (robot, openapi, cards):
            part.add_routes(app)
        self.gateway.add_routes(app)
        control.add_routes(app, self)
        self._http = aiohttp.ClientSession()
        self._runner = web.AppRunner(app, shutdown_timeout=0.2, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self.world.listen(self._host, self._runner.addresses[0][1])
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.world.closing.set()
        await self.gateway.close()
        if self._http is not None:
            await self._http.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def say(
        self,
        group: Group,
        user: User,
        text: str,
        *,
        to: App | None = None,
        mention: bool = True,
        msg_id: str = "",
        content: Json | None = None,
        forgery: Forgery | None = None,
    ) -> Said:
        """`user` writes `text` into `group`; each app that hears it is told once on return.

        See `people.say` for the arguments. `forgery` spoils the callback of HTTP mode.
        """
        said = people.say(
            self.world,
            group,
            user,
            text,
            to=to,
            mention=mention,
            msg_id=msg_id,
            content=content,
        )
        for delivery in said.deliveries:
            if delivery.app.callback_url:
                await callback.post_message(self.world, self._session, delivery, group, forgery)
            else:
                await self.gateway.deliver(delivery)
        return said

    async def event(self, app: App, event_type: str, data: Json) -> Delivery:
        """An event of the organisation is told to `app` in stream mode."""
        delivery = Delivery(app, "EVENT", event_type, data)
        await self.gateway.deliver(delivery)
        return delivery

    async def click(self, card: Card, user: User, params: dict[str, str]) -> Delivery:
        """`user` clicks a button of `card` that carries `params`."""
        delivery = cards.click(self.world, card, user, params)
        if card.callback_type == "STREAM":
            await self.gateway.deliver(delivery)
        elif card.callback_type == "HTTP":
            route = card.app.card_routes[card.route_key]
            await callback.post_click(self.world, self._session, delivery, route)
        return delivery

    async def click_link(
        self, group: Group, user: User, button: Button, *, mention: bool = True
    ) -> Said | None:
        """`user` clicks a link; a `dtmd://` one writes its text in the user's name.

        Whether that mentions the robot in a group is not documented: `mention` chooses.
        """
        text = people.written_by(button)
        return None if text is None else await self.say(group, user, text, mention=mention)

    def reset(self) -> None:
        """Forget messages, limits, faults, cards and sessions; people, groups and robots stay."""
        self.world.reset()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("the simulator is not running")
        return self._http
