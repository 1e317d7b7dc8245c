"""The platform's tables, the same in every service's database."""

from __future__ import annotations

_SCOPE = "scope in ('marketplace', 'warehouse', 'vendor', 'support', 'operator', 'service')"
_PAUSED_KINDS = """paused_kinds (
        kind text not null,
        stream_id uuid not null,
        since timestamptz not null default now(),
        primary key (kind, stream_id)
    )"""

PLATFORM_SCHEMA: tuple[str, ...] = (
    # What facts are about. Of a decided kind: `size` is how many facts there are, `due_at` when to decide again
    # (business time). With each batch of its facts a row is written anew: in its own page, which has room for it, and
    # with no index, for none holds `size`, not even in its condition.
    """create table streams (
        id uuid primary key,
        kind text not null,
        size integer not null default 0,
        due_at timestamptz,
        large boolean generated always as (size > 500) stored
    ) with (fillfactor = 50)""",
    "create index streams_due_at on streams (due_at) where due_at is not null",
    "create index streams_large on streams (kind) where large",
    # Consumed and published. The primary key is the inbox: a repeated fact is no fact.
    """create table facts (
        stream_id uuid not null,
        id uuid not null,
        type text not null,
        published boolean not null,
        body text not null,
        recorded_at timestamptz not null default now(),
        primary key (stream_id, id)
    )""",
    # Of which types there are facts: a version that does not know one refuses to work on this database.
    "create table fact_types (type text primary key)",
    """create table positions (
        topic text not null,
        partition integer not null,
        next_offset bigint not null,
        generation integer not null default 0,
        primary key (topic, partition)
    )""",
    """create table outbox (
        id bigint generated always as identity primary key,
        topic text not null,
        partition integer not null,
        key text not null,
        event_id uuid not null,
        type text not null,
        body text,
        traceparent text,
        recorded_at timestamptz not null default now(),
        sent_offset bigint,
        sent_at timestamptz
    )""",
    "create index outbox_unsent on outbox (topic, partition, id) where sent_at is null",
    "create index outbox_by_event on outbox (event_id)",
    # One row: every outbox row up to this id is sent (shared/ledger/outbox.py, raise_floor).
    """create table outbox_floor (
        one boolean primary key default true check (one),
        sent_up_to bigint not null default 0,
        candidate bigint not null default 0,
        candidate_xid xid8 not null default '0'
    )""",
    "insert into outbox_floor default values",
    # What this service knows of the logs it writes: how far they reach, and how often the broker lost some of it.
    """create table log_ends (
        topic text not null,
        partition integer not null,
        highest_offset bigint not null,
        generation integer not null default 0,
        generation_start bigint not null default 0,
        primary key (topic, partition)
    )""",
    """create table dead_letters (
        id bigint generated always as identity primary key,
        topic text not null,
        partition integer not null,
        "offset" bigint not null,
        last_offset bigint,
        generation integer not null,
        generation_start bigint not null default 0,
        stream_kind text,
        stream_id uuid,
        type text,
        key bytea,
        body bytea,
        cause text not null,
        fate text not null default 'failing' check (fate in ('failing', 'foreign', 'newer')),
        died_at timestamptz not null default now(),
        replayed_at timestamptz,
        unique (topic, generation, partition, "offset")
    )""",
    "create index dead_letters_by_stream on dead_letters (stream_id) where replayed_at is null",
    "create index dead_letters_waiting on dead_letters (fate) where replayed_at is null and fate <> 'foreign'",
    "create index dead_letters_foreign on dead_letters (topic, died_at) where fate = 'foreign'",
    """create table jobs (
        kind text not null,
        stream_kind text not null,
        stream_id uuid not null,
        subject text not null,
        counterpart text not null,
        status text not null default 'ready' check (status in ('ready', 'done', 'exhausted')),
        attempts integer not null default 0,
        run_at timestamptz not null default now(),
        claimed_until timestamptz,
        state text not null default '{}',
        reason text,
        created_at timestamptz not null default now(),
        finished_at timestamptz,
        primary key (kind, stream_id, subject)
    )""",
    "create index jobs_ready on jobs (kind, run_at) where status = 'ready'",
    "create index jobs_by_stream on jobs (stream_id)",
    "create index jobs_exhausted on jobs (finished_at) where status = 'exhausted'",
    # In which trace each stream is, while traces are made (shared/tracing.py).
    """create table stream_traces (
        stream_id uuid primary key,
        traceparent text not null
    )""",
    """create table paused (
        counterpart text primary key,
        since timestamptz not null default now()
    )""",
    # Kinds of jobs that wait because facts of this stream say so (shared/jobs/pauses.py).
    f"create table {_PAUSED_KINDS}",
    f"""create table api_keys (
        hash bytea primary key,
        name text not null,
        scope text not null constraint api_keys_scope_check check ({_SCOPE}),
        not_after timestamptz
    )""",
    # `body`: sealed, the SHA-256 of the request and the answer.
    """create table idempotency_keys (
        principal text not null,
        key text not null,
        status integer not null,
        headers text not null,
        body bytea not null,
        created_at timestamptz not null default now(),
        primary key (principal, key)
    )""",
    "create index idempotency_keys_created on idempotency_keys (created_at)",
    # Every key that this service was given while values here may have been made with it (shared/operations/keys.py).
    """create table known_keys (
        setting text not null,
        key_id text not null,
        primary key (setting, key_id)
    )""",
    # Written every two seconds by each replica (shared/operations/readiness.py): one row, for what counts is that it
    # can be written, and a replica that is gone leaves none behind. No index holds `beaten_at`, and the page has room:
    # the old version's place is used again without a vacuum.
    """create table heartbeat (
        id boolean primary key check (id),
        beaten_at timestamptz not null
    ) with (fillfactor = 50)""",
)

SERVICE_SCOPE_SCHEMA: tuple[str, ...] = (
    # Of a database that was made before there was the scope `service`.
    "alter table api_keys drop constraint api_keys_scope_check",
    f"alter table api_keys add constraint api_keys_scope_check check ({_SCOPE})",
)

PAUSED_KINDS_SCHEMA: tuple[str, ...] = (f"create table if not exists {_PAUSED_KINDS}",)
"""For a database that was made before there was such a table."""
