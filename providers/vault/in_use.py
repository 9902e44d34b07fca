"""The SQL condition for a pair of tokens in use by a session here: ``t`` is the pair, ``i`` its identity."""

# Tokens without a ``sid`` are in use while their person is signed in anywhere. A sign-in that waits for a second factor
# uses the tokens that it started with. ``s`` is a session of ours; the caller compares its expiry.
IN_USE = """(
    s.user_id = i.user_id AND (
        t.sid = '' OR s.upstream_sessions @> jsonb_build_array(
            jsonb_build_object('provider', t.provider, 'identity', i.id, 'sid', t.sid)
        )
    )
    OR s.waiting_for_id = i.user_id AND s.waiting_cancelled = '' AND s.waiting_identity_id = i.id
        AND s.provider = t.provider AND s.upstream_sid = t.sid
)"""
