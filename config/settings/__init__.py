"""Django's settings, a module for each subject; all of them read ``config.environment`` and nothing else."""

from config.settings.apps import *  # noqa: F403  # Django reads settings off one module
from config.settings.database import *  # noqa: F403
from config.settings.log import *  # noqa: F403
from config.settings.mail import *  # noqa: F403
from config.settings.security import *  # noqa: F403
from config.settings.sign_in import *  # noqa: F403
from config.settings.storage import *  # noqa: F403
