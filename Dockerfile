# sidemine in an image: `sidemine` is the entry point, the working directory is /work.
#   docker build --tag sidemine .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" sidemine demo --cores 2
# Any base with Python 3.11 to 3.13 as python3 will do: --build-arg BASE=IMAGE.
ARG BASE=docker.io/library/python:3.12.11-slim-bookworm
FROM ${BASE}

# For studies that are kept in a repository; a base may have it.
RUN command -v git >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends git && rm -rf /var/lib/apt/lists/*; }

ENV PATH=/opt/sidemine/bin:$PATH PYTHONDONTWRITEBYTECODE=1 NUMBA_CACHE_DIR=/opt/sidemine/numba
# The lock first: while it stays, an edit of the code installs nothing anew. uv itself is of the lock too.
COPY requirements.lock /tmp/build/
RUN python3 -m venv /opt/sidemine \
    && awk '/^uv==/ {found = 1} found {print} found && !/\\$/ {exit}' /tmp/build/requirements.lock > /tmp/build/uv.txt \
    && pip install --quiet --no-cache-dir --require-hashes --requirement /tmp/build/uv.txt \
    && uv pip sync --quiet --no-cache --python /opt/sidemine/bin/python --compile-bytecode --require-hashes /tmp/build/requirements.lock
COPY . /tmp/build/sidemine
RUN uv pip install --quiet --no-cache --python /opt/sidemine/bin/python --no-deps --no-build-isolation --compile-bytecode /tmp/build/sidemine \
    && python -m sidemine.set_up \
    && chmod -R a+rwX /opt/sidemine/numba \
    && sidemine --version \
    && rm -rf /tmp/build

# Runs need no rights. With --user of your own the results are yours; whoever it is finds a home to write to.
RUN useradd --create-home --uid 1000 sidemine && mkdir /work && chown sidemine /work && chmod 1777 /home/sidemine
ENV HOME=/home/sidemine
USER sidemine
WORKDIR /work
ENTRYPOINT ["sidemine"]
CMD ["--help"]
