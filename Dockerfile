# One image for every process of the shop: `serve CONTEXT`, `serve gateway`, the sandboxes, `setup`.

FROM python:3.11-slim AS wheels
WORKDIR /src
COPY requirements.lock .
RUN pip wheel --no-cache-dir --no-deps --require-hashes -r requirements.lock -w /wheels
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip wheel --no-cache-dir --no-deps . -w /wheels

FROM python:3.11-slim
# Only what the package itself asks for is taken from the wheels: no test tools, no other versions.
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels ecommerce \
    && useradd --system --uid 10001 --home-dir /state ecommerce \
    && install -d -o ecommerce -g ecommerce /state /broker
USER ecommerce
WORKDIR /state
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["ecommerce"]
CMD ["--help"]
