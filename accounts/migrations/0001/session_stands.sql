-- Whether the authentication of a sign-in is still valid, evaluated by the statement that writes its session, or the
-- row in which it waits for a second factor (ADR 28). Volatile, so that each query below sees what was committed by
-- then.
--
-- epoch: the person's epoch when the authentication was verified. judged_at: when that began, by the database's clock
-- and never too late; NULL if the epoch was read before. An epoch in the future was written before this clock was set
-- back. It is unknown whether it is older than the authentication, so the sign-in is refused, and after the refusal the
-- epoch is set to the current time (ADR 42).
-- by_identity: the identity that signed in; the sign-in has locked its row, and acts on the person wait for that.
-- Without an identity, the person's row is locked here.
CREATE FUNCTION session_stands(
    person uuid, epoch timestamptz, judged_at timestamptz, by_identity bigint, of_provider text, sid text
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    moved timestamptz;
    who text;
BEGIN
    IF by_identity IS NULL THEN
        SELECT u.sign_in_epoch INTO moved FROM public.accounts_user u
        WHERE u.id = person AND u.is_active FOR NO KEY UPDATE;
    ELSE
        SELECT u.sign_in_epoch, i.subject INTO moved, who
        FROM public.accounts_user u JOIN public.accounts_identity i ON i.user_id = u.id
        WHERE u.id = person AND u.is_active AND i.id = by_identity;
    END IF;
    IF NOT FOUND OR moved IS DISTINCT FROM epoch OR moved >= judged_at THEN
        RETURN false;
    END IF;
    RETURN by_identity IS NULL OR NOT public.upstream_has_ended(of_provider, sid, who, judged_at);
END $$;

-- Whether the provider has reported a logout of this session of its own, or, since the authentication was verified, of
-- all sessions of this subject. Recording a logout takes the same locks exclusively
-- (accounts/sessions/upstream_logout.py).
CREATE FUNCTION upstream_has_ended(of_provider text, in_sid text, of_subject text, judged_at timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(concat_ws(E'\n', of_provider, 'sub', of_subject), 28));
    IF in_sid <> '' THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended(concat_ws(E'\n', of_provider, 'sid', in_sid), 28));
    END IF;
    RETURN EXISTS (
        SELECT FROM public.accounts_upstreamlogout e
        WHERE e.provider = of_provider AND e.sid = in_sid AND e.subject IN ('', of_subject) AND in_sid <> ''
    ) OR EXISTS (
        SELECT FROM public.accounts_upstreamlogout e
        WHERE e.provider = of_provider AND e.sid = '' AND e.subject = of_subject
            AND e.ended_at BETWEEN judged_at AND clock_timestamp() + interval '10 seconds'
    );
END $$;
