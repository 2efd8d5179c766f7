"""Addresses, and where a copy of what they serve lies: pure functions of text, cheap to import.

The mirror key of an address is both the path of the file below a mirror folder and the path of its copy below
`downloads/<study>/`.
"""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from sidemine.errors import Problem, StudyError

# Characters that neither a shell glob, a Snakemake wildcard nor a file system treats specially. `@` is left out: it
# separates path and query in a key, so that no path can pass for another path with a query.
_SAFE_IN_NAMES = "-._~+,=()!"
_MAX_NAME = 180  # most file systems take 255 bytes; `.record.json` and `.part.json` are added to names
_MAX_KEY = 1000
_RESERVED_HOSTS = {"local", "by_sha256", "by_hand"}  # folders of our own that stand beside the host folders
_LOOPBACK_HOSTS = {"127.0.0.1", "::1", "localhost"}


def canonical_url(url: str) -> str:
    """Return the address that is really asked for: NCBI's ftp addresses are served over https as well.

    Raises
    ------
    StudyError
        When the address is neither https nor one of NCBI's ftp addresses (plain http is left to loopback tests), has
        no host, or carries a user name or password.

    Examples
    --------
    >>> canonical_url("ftp://ftp.ncbi.nlm.nih.gov/geo/series/GSEnnn/GSE50/matrix/a.gz")
    'https://ftp.ncbi.nlm.nih.gov/geo/series/GSEnnn/GSE50/matrix/a.gz'
    """
    url = url.strip()
    scheme, host = _scheme_and_host(url)
    if scheme == "ftp" and host.endswith(".ncbi.nlm.nih.gov"):
        return "https" + url[len("ftp") :]
    if scheme == "https" or (scheme == "http" and host in _LOOPBACK_HOSTS):
        return url
    raise StudyError(
        Problem(
            "an address cannot be used",
            f"value {url!r}",
            "https://HOST/PATH (ftp:// only for hosts of NCBI, which serve the same path over https)",
            "Write the https form of the address, or give the path of a file that you fetched yourself.",
        )
    )


def is_loopback(url: str) -> bool:
    """Tell whether an address points at this very machine."""
    return (urlsplit(url).hostname or "") in _LOOPBACK_HOSTS


def _scheme_and_host(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        _ = parts.port  # an impossible port shows itself only when it is read
        scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
        complaint = "carries a user name or password" if "@" in parts.netloc else "" if host else "has no host"
    except ValueError as error:
        scheme, host, complaint = "", "", f"cannot be read ({error})"
    if complaint:
        # The address itself is not repeated when it may hold a password: messages end up in logs.
        shown = url.rsplit("@", 1)[-1] if "user name" in complaint else url
        raise StudyError(
            Problem(
                f"an address {complaint}",
                f"value {shown!r}",
                "https://HOST/PATH, without a user name or password",
                "Mend the address; fetch a file that needs a login by hand and give its path instead.",
            )
        )
    return scheme, host


def mirror_key(url: str) -> str:
    """Return the relative path under which a mirror, and the downloads folder, hold the file of an address.

    `HOST/PATH`, ignoring `?download=1`; with `file=` in the query `HOST/PATH/<file>`; otherwise
    `HOST/PATH@<sorted, percent-encoded query>`. The scheme and the fragment do not count.

    Parameters
    ----------
    url
        The address. Dot segments are resolved as a web client resolves them, so the key never leads out of its folder.

    Returns
    -------
    str
        A relative path of plain characters: no wildcard braces, globs, spaces or control characters. Names beyond
        180 characters keep their ends, with a digest between them.

    Raises
    ------
    StudyError
        When the address has no host, or carries a user name or password.

    Examples
    --------
    >>> mirror_key("https://zenodo.org/records/8192729/files/CollecTRI_regulons.csv?download=1")
    'zenodo.org/records/8192729/files/CollecTRI_regulons.csv'
    >>> mirror_key("https://www.ncbi.nlm.nih.gov/geo/download/?type=rnaseq_counts&file=a.tsv.gz")
    'www.ncbi.nlm.nih.gov/geo/download/a.tsv.gz'
    >>> mirror_key("https://omnipathdb.org/annotations?format=tsv&databases=PROGENy")
    'omnipathdb.org/annotations@databases=PROGENy&format=tsv'
    """
    _, host = _scheme_and_host(url.strip())
    parts = urlsplit(url.strip())
    folders, last = _path_segments(parts.path)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair != ("download", "1")]
    file_name = next((value for name, value in query if name == "file" and value), "")
    if file_name:
        folders, name = [*folders, last] if last else folders, safe_name(file_name)
    elif query:
        arguments = "&".join(sorted(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query))
        name = _bound(f"{_encode(last)}@{arguments}")
    else:
        # An address that ends in a slash has no file name; this is the one that every mirroring tool gives it.
        name = safe_name(last) if last else "index.html"
    return _bound_key([_host_name(host, parts.port), *(safe_name(folder) for folder in folders), name])


def _host_name(host: str, port: int | None) -> str:
    name = _encode(host)
    if port is not None and port not in {443, 80}:
        return _bound(f"{name}+{port}")
    return f"{name}+443" if name in _RESERVED_HOSTS else _bound(name)


def _path_segments(path: str) -> tuple[list[str], str]:
    """Split a path into decoded folder names and the file name ('' when the path ends in a slash)."""
    resolved: list[str] = []
    raw = [unquote(segment) for segment in path.split("/")]
    for segment in raw:
        if segment == "..":
            resolved = resolved[:-1]
        elif segment not in {"", "."}:
            resolved.append(segment)
    if not resolved or raw[-1] in {"", ".", ".."}:
        return resolved, ""
    return resolved[:-1], resolved[-1]


def _encode(text: str) -> str:
    return quote(text, safe=_SAFE_IN_NAMES)


def safe_name(text: str) -> str:
    """Return one file name of plain characters for any text; never '', '.' or '..'.

    >>> safe_name("a b{c}.txt"), safe_name("../x"), safe_name("..")
    ('a%20b%7Bc%7D.txt', '..%2Fx', '%2E%2E')
    """
    encoded = _encode(text)
    if set(encoded) <= {"."}:
        encoded = encoded.replace(".", "%2E") or "%00"
    return _bound(encoded)


def _bound(name: str) -> str:
    """Shorten a long name, keeping its ends (the end holds the suffixes) and a digest of the whole."""
    if len(name) <= _MAX_NAME:
        return name
    return f"{name[:100]}~{_digest(name)}~{name[-40:]}"


def _bound_key(segments: list[str]) -> str:
    key = "/".join(segments)
    if len(key) <= _MAX_KEY:
        return key
    return f"{segments[0]}/~{_digest(key)}/{segments[-1]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def local_key(text: str) -> str:
    """Return the place, below `downloads/<study>/`, of the copy of a local file.

    Parameters
    ----------
    text
        The path exactly as it is written in the sheet, so that the key is the same on every machine.

    >>> local_key("../data/counts.tsv").split("/")[0::2]
    ['local', 'counts.tsv']
    """
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]
    return f"local/{digest}/{safe_name(text.replace(chr(92), '/').rstrip('/').rsplit('/', 1)[-1])}"
