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
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["fauxkube"]
CMD ["up", "--host", "0.0.0.0", "--data", "/data/cluster.db"]
