# One port, and a line on standard output once it is ready: `fauxkube is ready at http://0.0.0.0:8080`. Seen from
# outside under another address, /fauxkube/v1/kubeconfig (with ?server= if need be) says how to get there.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.13-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels fauxkube \
    && rm -rf /wheels \
    && useradd --create-home --uid 10001 fauxkube \
    && install --directory --owner fauxkube /data
USER fauxkube
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=2s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz')"]
ENTRYPOINT ["fauxkube"]
CMD ["up", "--host", "0.0.0.0"]
