"""Refusals of the oapi host: an errcode and a text, always with HTTP 200."""

from enum import Enum

_LINK_OLD = ", more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"
_LINK_NEW = (
    "link:请参考本接口对应文档获得具体要求，"
    "或者在https://open.dingtalk.com/document/  搜索相关文档;"
)


class Reason(Enum):
    """Why a message is refused: errcode, old English text, new Chinese text."""

    BUSY = (-1, "system busy", "系统繁忙")
    BAD_JSON = (40035, "missing parameter json", "缺少参数 json")
    TOO_MANY_MENTIONS = (40035, "too many at users", "不合法的参数 at")
    CONTENT_TYPE = (
        43004,
        "invalid http header content-type",
        "无效的HTTP HEADER Content-Type",
    )
    TOKEN_LEGACY = (300001, "token is not exist", "token is not exist")
    SESSION = (300001, "session 不存在", "session 不存在")
    KEYWORD = (
        310000,
        "keywords not in content" + _LINK_OLD,
        "description:关键词不匹配;"
        "solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;",
    )
    SIGN = (
        310000,
        "sign not match" + _LINK_OLD,
        "description:机器人发送签名不匹配;"
        "solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的密钥加密和填写正确;"
        + _LINK_NEW,
    )
    TIMESTAMP = (
        310000,
        "invalid timestamp" + _LINK_OLD,
        "description:机器人发送签名过期;"
        "solution:签名生成时间和发送时间请保持在 timestampms 以内;" + _LINK_NEW,
    )
    IP = (
        310000,
        "ip {ip} not in whitelist" + _LINK_OLD,
        "description:来源IP {ip} 不在白名单中;"
        "solution:请联系群管理员查看此机器人的IP地址段设置;" + _LINK_NEW,
    )
    GROUP_GONE = (400013, "group is dismissed", "群已被解散")
    TOKEN = (400101, "access_token does not exist", "access_token不存在")
    STOPPED = (400102, "robot is stopped", "机器人已停用")
    MSGTYPE = (400105, "unsupported msgtype", "不支持的消息类型")
    REMOVED = (400106, "robot does not exist", "机器人不存在")
    TOO_FAST_OLD = (130101, *("send too fast, exceed 20 times per minute",) * 2)
    TOO_FAST = (410100, *("发送速度太快而限流",) * 2)
    TOO_LONG = (
        460101,
        "message too long, exceed 20000 bytes",
        "description: body 大小不合法;solution:请保持大小在 20000bytes 以内;",
    )


class Refusal(Exception):
    """The message is not stored; `reason` is told to the caller."""

    def __init__(self, reason: Reason, **values: str) -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.values_told = values

    @property
    def errcode(self) -> int:
        return int(self.reason.value[0])

    def errmsg(self, texts: str) -> str:
        """The text in the `old` or `new` wording."""
        _, old, new = self.reason.value
        return str(old if texts == "old" else new).format(**self.values_told)
