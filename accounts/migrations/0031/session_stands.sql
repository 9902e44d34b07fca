-- Whether what a sign-in was judged by still stands, asked by the statement that writes its session, or the row in
-- which it waits for a second factor (ADR 28). Volatile, so each question below sees what was committed by then.
--
-- epoch: the person's when the proof was judged. judged_at: when that began, by this clock and never too late; NULL
-- where the epoch was read before it. An epoch in the future was written before this clock was set back. Nobody knows
-- whether it is older than the proof, so it ends that, and whoever is refused has it set to that moment (ADR 42).
-- by_identity: the identity that led here; whoever signs in by one holds its row, and acts upon the person wait for
-- that. Without one the person's row is held here.
CREATE OR REPLACE FUNCTION session_stands(
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
