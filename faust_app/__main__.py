"""The command `shop-images`: the group and its commands."""

from faust_app.cli.alerts import alerts_command
from faust_app.cli.check import check_command
from faust_app.cli.command import main
from faust_app.cli.garbage import garbage_command
from faust_app.cli.import_catalogue import import_command
from faust_app.cli.lanes import lanes_command
from faust_app.cli.load_statistics import load_statistics_command
from faust_app.cli.recover import recover_command
from faust_app.cli.refresh_report import refresh_report_command
from faust_app.cli.republish import republish_command
from faust_app.cli.resume import resume_command
from faust_app.cli.setup import setup_command
from faust_app.cli.shops import shops_command
from faust_app.cli.status import status_command
from faust_app.cli.user import user_command
from faust_app.stats_app import stats_command

__all__ = ["main"]

for command in (
    setup_command,
    status_command,
    resume_command,
    garbage_command,
    recover_command,
    republish_command,
    check_command,
    alerts_command,
    import_command,
    lanes_command,
    load_statistics_command,
    refresh_report_command,
    shops_command,
    stats_command,
    user_command,
):
    main.add_command(command)

if __name__ == "__main__":
    main()
