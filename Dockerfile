FROM python:3.12-slim AS build
WORKDIR /srv
COPY scripts/requirements-uv.lock requirements.lock ./
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements-uv.lock \
 && VIRTUAL_ENV=/srv/.venv .venv/bin/uv pip install --no-cache --compile-bytecode --require-hashes -r requirements.lock

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home /srv pakta
WORKDIR /srv
COPY --from=build /srv/.venv .venv
COPY alembic.ini pyproject.toml ./
COPY app app
RUN .venv/bin/python -m compileall -q app
COPY migrations migrations
COPY pdf_templates pdf_templates
RUN mkdir /data && chown pakta /data
USER pakta
ENV PAKTA_DATA_DIR=/data PYTHONUNBUFFERED=1 PATH=/srv/.venv/bin:$PATH
VOLUME /data
EXPOSE 8000
HEALTHCHECK CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=5)"
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve", "--host", "0.0.0.0", "--no-jobs"]
