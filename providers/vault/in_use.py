"""By which pairs of tokens somebody is signed in here, in SQL: ``t`` is such a pair, and ``i`` its identity."""

# What belongs to no named session at its provider serves as long as its person is signed in anywhere. A sign-in that
# waits for a second factor follows what it began with. ``s`` is a session of ours, whose end is compared beside this.
IN_USE = """(
    s.user_id = i.user_id AND (
        t.sid IN ('', s.upstream_sid) OR s.upstream_sessions @> jsonb_build_array(
            jsonb_build_object('provider', i.provider, 'identity', i.id, 'sid', t.sid)
        )
    )
    OR s.waiting_for_id = i.user_id AND s.waiting_ended = '' AND s.waiting_identity_id = i.id
        AND s.upstream_sid = t.sid
)"""
