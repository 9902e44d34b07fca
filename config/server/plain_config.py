"""gunicorn's configuration with its values as attributes: gunicorn looks each up anew, a dozen times per request."""

from typing import Any


class PlainConfig:
    """The values of a configuration that is complete. What is not a mere value is asked of gunicorn's own object."""

    def __init__(self, cfg: Any) -> None:
        self._cfg = cfg
        computed = {name for name in cfg.settings if isinstance(getattr(type(cfg), name, None), property)}
        vars(self).update({name: setting.get() for name, setting in cfg.settings.items() if name not in computed})
        self.is_ssl = bool(cfg.is_ssl)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cfg, name)
