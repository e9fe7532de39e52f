"""The dashboards of `deploy/grafana`: described here, where a panel is a line or two, and written as the JSON that Grafana imports."""
