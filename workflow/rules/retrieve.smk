from sidemine.engine.local_files import describe_retrieval

# The only rules that touch the network. They run where Snakemake runs, never on a cluster node.


rule retrieve_input:
    input:
        origin=lambda wildcards: origin_of(SOURCES.by_key[wildcards.key], STUDY.mirror),
    output:
        file="<downloads>/{key}",
        record="<downloads>/{key}.record.json",
    log:
        "<logs>/retrieve_input/{key}.log",
    wildcard_constraints:
        key="|".join(map(re.escape, SOURCES.by_key)),
    priority: lambda wildcards: get_size([SOURCES.by_key[wildcards.key]])
    retries: 0
    localrule: True
    threads: 1
    resources:
        mem_mb=get_limit(1000),
        runtime=get_limit(720),
    params:
        specification=lambda wildcards: describe_retrieval(
            SPECIFICATIONS["retrieve_input"][wildcards.key],
            SOURCES.by_key[wildcards.key],
            STUDY.mirror,
        ),
        # A function of `input` makes no job run again when its value changes: what is here stays, whatever it is for,
        # wherever the lock lies (rule lock_inputs compares with it) and however much may be fetched.
        source=lambda wildcards, input: SOURCES.by_key[wildcards.key].to_dict(),
        mirror=lambda wildcards, input: str(STUDY.mirror or ""),
        lock=lambda wildcards, input: str(STUDY.lock),
        max_download_gb=lambda wildcards, input: STUDY.config.settings.max_download_gb,
    message:
        "Retrieve {wildcards.key}"
    script:
        "../scripts/retrieve_input.py"


# What a reader refuses must never be locked, so the lock waits for the readers of all inputs. When one of them fails,
# `onerror` locks the inputs that their own readers accepted.
rule lock_inputs:
    input:
        records=expand("<downloads>/{key}.record.json", key=SOURCES.by_key),
        readers=expand(
            "<results>/{result}",
            result=sorted(set().union(*SOURCES.accepted_by.values())),
        ),
        # An edit of the lock is seen; a dry run may find none yet.
        lock=lambda wildcards: [place_of(STUDY.lock)] if STUDY.lock.exists() else [],
        checked=get_gate,
    output:
        inputs="<results>/inputs.json",
        provenance="<results>/provenance/lock_inputs.json",
    log:
        "<logs>/lock_inputs.log",
    group:
        "evidence"
    threads: 1
    resources:
        mem_mb=get_limit(1000),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("lock_inputs"),
        lock=lambda wildcards, input: str(STUDY.lock),
        code=get_code("lock_inputs.py"),
    message:
        "Compare all inputs with the lock, and lock new ones"
    script:
        "../scripts/lock_inputs.py"
