# One image for worker, web, stats and the command line: docker build -t shop-images .
# With STATS=yes it also has the embedded ClickHouse, half a gigabyte, for installations without a ClickHouse server.
FROM python:3.11-slim AS build
ARG STATS=no
WORKDIR /build
RUN python -m venv /opt/shop-images
COPY requirements/runtime.txt requirements/stats.txt requirements/build.txt requirements/
RUN lock=runtime; if [ "$STATS" = yes ]; then lock=stats; fi; \
    /opt/shop-images/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/$lock.txt -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY requirements/runtime.in requirements/
COPY faust_app faust_app
RUN /opt/shop-images/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/shop-images shop-images
COPY --from=build /opt/shop-images /opt/shop-images
ENV PATH=/opt/shop-images/bin:$PATH PYTHONUNBUFFERED=1 WEB_BIND=0.0.0.0 DATA_DIR=/var/lib/shop-images/faust
USER shop-images
WORKDIR /var/lib/shop-images
VOLUME /var/lib/shop-images
# 6065 web, 6066 worker, 6067 stats
EXPOSE 6065 6066 6067
STOPSIGNAL SIGTERM
CMD ["shop-images", "--help"]
