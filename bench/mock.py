"""The mock provider's process: the sandbox with any number of people.

Every requested persona exists, and has its own first name: the cast is too small for a benchmark, and the
sandbox's newcomers share a first name, from which allauth makes usernames that then collide.
"""

import os
import signal
import threading

from sandbox.config import Config
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.server import Sandbox
from sandbox.world import World


class CrowdedWorld(World):
    def persona(self, provider: Provider, key: str) -> Persona:
        return Persona(key=key, name=f"{key.title()} Example", email=f"{key}@example.com")


class CrowdedSandbox(Sandbox):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.world = CrowdedWorld(config)


def main() -> None:
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with CrowdedSandbox(Config.from_environment(os.environ)):
        stopped.wait()


if __name__ == "__main__":
    main()
