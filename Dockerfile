# docker build -t fiapx-webapi .                              the API, with the pages
# docker build -t fiapx-processamento --target worker .       the worker, with ffmpeg
# Tags, so that a build gets what was mended in them; `make pin-images` writes down which digests they stand for now.
ARG PYTHON_IMAGE=python:3.13-slim-bookworm
ARG NODE_IMAGE=node:24-bookworm-slim


FROM ${NODE_IMAGE} AS pages
WORKDIR /src
COPY frontend-sample/package.json frontend-sample/package-lock.json frontend-sample/.npmrc frontend-sample/
COPY graphiql/package.json graphiql/package-lock.json graphiql/.npmrc graphiql/
RUN npm ci --prefix frontend-sample --ignore-scripts \
    && npm ci --prefix graphiql --ignore-scripts
COPY operations operations
COPY clients/typescript/src clients/typescript/src
COPY frontend-sample frontend-sample
COPY graphiql graphiql
RUN npm run --prefix frontend-sample build \
    && npm run --prefix graphiql build


# Only wheels, so that nothing is compiled; bytecode made here, because nothing can be written where it runs.
FROM ${PYTHON_IMAGE} AS packages
COPY requirements-webapi.txt /build/
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --only-binary :all: \
        --require-hashes --requirement /build/requirements-webapi.txt \
    && python -m compileall -q --invalidation-mode unchecked-hash /opt/venv


FROM packages AS worker-packages
COPY requirements-worker.txt /build/
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --only-binary :all: \
        --require-hashes --requirement /build/requirements-worker.txt \
    && python -m compileall -q --invalidation-mode unchecked-hash /opt/venv


FROM ${PYTHON_IMAGE} AS service
WORKDIR /srv/fiapx
COPY LICENSE NOTICE docker/fiapx docker/livez.py ./
COPY app app
COPY jobs jobs
COPY migrations migrations
RUN python -m compileall -q --invalidation-mode unchecked-hash app jobs migrations


FROM ${PYTHON_IMAGE} AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.vendor="FIAP X" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
RUN groupadd --gid 10001 fiapx \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fiapx \
    && install --directory --owner=10001 --group=10001 --mode=0700 /work /secrets
# Each arena of malloc keeps what it once had; a worker with many threads would look as if it leaked.
ENV PATH=/srv/fiapx:/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    FIAPX_HOST=0.0.0.0
WORKDIR /srv/fiapx
USER 10001:10001
STOPSIGNAL SIGTERM


FROM runtime AS worker
LABEL org.opencontainers.image.title="fiapx-processamento" \
    org.opencontainers.image.description="Turns videos into a ZIP of their frames: the worker, with ffmpeg." \
    org.opencontainers.image.licenses="MIT AND GPL-3.0-or-later"
COPY --from=worker-packages /opt/venv /opt/venv
COPY --from=service /srv/fiapx /srv/fiapx
ENV FIAPX_WORKER_PORT=9100 \
    FIAPX_WORK_DIR=/work
EXPOSE 9100
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "livez.py", "FIAPX_WORKER_PORT"]
CMD ["fiapx", "worker"]


FROM runtime AS webapi
LABEL org.opencontainers.image.title="fiapx-webapi" \
    org.opencontainers.image.description="Turns videos into a ZIP of their frames: GraphQL and REST, with the pages." \
    org.opencontainers.image.licenses="MIT"
COPY --from=packages /opt/venv /opt/venv
COPY --from=service /srv/fiapx /srv/fiapx
COPY --from=pages /src/app/pages/static /srv/fiapx/app/pages/static
ENV FIAPX_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "livez.py", "FIAPX_PORT"]
CMD ["fiapx", "api"]
