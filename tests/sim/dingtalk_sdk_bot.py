"""A bot on the official `dingtalk-stream` package: answers each message with its text.

`python dingtalk_sdk_bot.py CLIENT_ID CLIENT_SECRET`, with DINGTALK_OPENAPI_ENDPOINT in the
environment. It runs until it is killed: the package (0.24.3) cannot be stopped.
"""

import logging
import sys
from typing import Any

import dingtalk_stream
from dingtalk_stream import AckMessage


class Echo(dingtalk_stream.ChatbotHandler):
    async def process(self, callback: Any) -> tuple[int, str]:
        message = dingtalk_stream.ChatbotMessage.from_dict(callback.data)
        self.reply_text(f"heard {message.text.content.strip()}", message)
        return AckMessage.STATUS_OK, "OK"


def main() -> None:
    client_id, client_secret = sys.argv[1:]
    client = dingtalk_stream.DingTalkStreamClient(
        dingtalk_stream.Credential(client_id, client_secret), logger=logging.getLogger("sdk")
    )
    client.register_callback_handler(dingtalk_stream.ChatbotMessage.TOPIC, Echo())
    client.start_forever()


if __name__ == "__main__":
    main()
