# One image for the services and the one-shot that provisions them; which one it is, the command says.
ARG PYTHON_IMAGE=python:3.13-slim
FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
COPY requirements.runtime.lock .
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
      --only-binary :all: --require-hashes -r requirements.runtime.lock
COPY contracts /opt/silkpost/contracts
COPY shared /opt/silkpost/shared
COPY services /opt/silkpost/services
COPY sandbox /opt/sandbox/sandbox
# The root is read-only later, so what Python would keep is made now.
RUN /opt/venv/bin/python -m compileall -q /opt/silkpost /opt/sandbox

FROM ${PYTHON_IMAGE} AS silkpost
RUN useradd --system --no-create-home --uid 10001 --shell /usr/sbin/nologin silkpost
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/silkpost /opt/silkpost
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HTTP_HOST=0.0.0.0 HTTP_PORT=8000 INTERNAL_HOST=0.0.0.0 INTERNAL_PORT=8001
WORKDIR /opt/silkpost
USER 10001:10001
EXPOSE 8000 8001
CMD ["python", "-m", "services.orders"]

# The stand-ins of the outside world, for trials only: never part of the image above.
FROM silkpost AS sandbox
COPY --from=build /opt/sandbox/sandbox /opt/silkpost/sandbox
CMD ["python", "-m", "sandbox"]
