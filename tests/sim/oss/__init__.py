"""An Aliyun OSS on loopback that checks signatures, digests and order, and fails on demand."""

from tests.sim.oss.fault import Fault
from tests.sim.oss.server import OssServer
from tests.sim.oss.storage import StoredObject

__all__ = ["Fault", "OssServer", "StoredObject"]
