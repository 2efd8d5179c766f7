# The locked software of sidemine. Build: docker build -t sidemine:0.1.0 .
# Not part of the tests: the machines that they run on have no container engine.
FROM python:3.12-slim-bookworm
COPY requirements.lock /opt/sidemine/requirements.lock
RUN pip install --no-cache-dir --require-hashes --requirement /opt/sidemine/requirements.lock
