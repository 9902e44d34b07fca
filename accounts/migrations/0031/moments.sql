-- Whether a moment is to move: an older one comes from a copy of the row, unless what is there lies in the future.
CREATE FUNCTION accounts_is_moved(was timestamptz, wanted timestamptz) RETURNS boolean LANGUAGE sql VOLATILE
RETURN wanted > coalesce(was, '-infinity') OR (was > clock_timestamp() AND wanted IS DISTINCT FROM was);

-- Now, by the database's clock, and in no case what was there: moments like this are compared for being the same.
CREATE FUNCTION accounts_another_moment(was timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN (
    SELECT CASE WHEN m.now IS DISTINCT FROM was THEN m.now ELSE m.now + interval '1 microsecond' END
    FROM (SELECT clock_timestamp() AS now OFFSET 0) m
);
