"""An alertmanager.yml becomes settings of tocsin.

Source: prometheus.io/docs/alerting/latest/configuration.
"""

from bot.cli.alertmanager_yml.translate import Translation, translate

__all__ = ["Translation", "translate"]
