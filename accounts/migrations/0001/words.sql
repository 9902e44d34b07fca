-- The words by which a search finds a person, a tenant or a role (ADR 39). They never identify a person: addresses are
-- compared only by their canonical form (ADR 27). They depend only on the arguments, not even on the locale of the
-- database, because an index is built on them.

-- Lower-case letters without accents: "Müller" equals "Muller", and "Søren" equals "Soren".
CREATE FUNCTION accounts_folded_words(given text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
-- No SET search_path, which would take half of its time: every name that is not PostgreSQL's is qualified.
AS $$
DECLARE
    folded text COLLATE "C" := given;
BEGIN
    IF octet_length(given) = length(given) THEN
        RETURN lower(folded);
    END IF;
    folded := regexp_replace(
        normalize(folded, NFKD),
        '[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f'
        '\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u206f'
        '\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff]+',
        '', 'g'
    );
    folded := translate(lower(folded), '‘’ʼʹ‐‑‒–—', '''''''''-----');
    folded := translate(
        folded,
        'ØŁĐÐĦŦŊƁƂƇƉƊƋƑƓƗƘƝƟƤƬƮƲƳƵǤȤȺȻȽȾɃɄɆɈɌɎøłđðħŧŋɓƃƈɖɗƌƒɠɨƙɲɵƥƭʈʋƴƶǥȥⱥȼƚⱦƀʉɇɉɍɏıĸςƄƆƎƏƐƔƖƜƢƦƧƩƱƷƸƼǶǷȜȠȢɁɅ'
        'ɊͰͲͶͿΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩϏϘϚϜϞϠϢϤϦϨϪϬϮϷϺϽϾϿЂЄЅІЈЉЊЋЏАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѸѺ'
        'ѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӃӅӇӉӋӍӔӘӠӨӶӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏ'
        'ՐՑՒՓՔՕՖᲐᲑᲒᲓᲔᲕᲖᲗᲘᲙᲚᲛᲜᲝᲞᲟᲠᲡᲢᲣᲤᲥᲦᲧᲨᲩᲪᲫᲬᲭᲮᲯᲰᲱᲲᲳᲴᲵᲶᲷᲸᲹᲺᲽᲾᲿ',
        'olddhtnbbcdddfgiknopttvyzgzacltbuejryolddhtnbbcdddfgiknopttvyzgzacltbuejryikσƅɔǝəɛɣɩɯƣʀƨʃʊʒƹƽƕƿȝƞȣɂʌ'
        'ɋͱͳͷϳαβγδεζηθικλμνξοπρστυφχψωϗϙϛϝϟϡϣϥϧϩϫϭϯϸϻͻͼͽђєѕіјљњћџабвгдежзиклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѹѻ'
        'ѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӄӆӈӊӌӎӕәӡөӷӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտ'
        'րցւփքօֆაბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰჱჲჳჴჵჶჷჸჹჺჽჾჿ'
    );
    RETURN replace(replace(replace(replace(replace(replace(replace(replace(
        folded, 'ß', 'ss'), 'ẞ', 'ss'), 'æ', 'ae'), 'Æ', 'ae'), 'œ', 'oe'), 'Œ', 'oe'), 'þ', 'th'), 'Þ', 'th');
END $$;

-- Every suffix that begins at a word: "ada@corp4.example", "@corp4.example", "corp4.example" and "example".
CREATE FUNCTION accounts_words(VARIADIC texts text[]) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000
AS $$
DECLARE
    given text COLLATE "C";
    folded text COLLATE "C";
    rest text COLLATE "C";
    found text[] COLLATE "C" := '{}';
BEGIN
    FOREACH given IN ARRAY texts LOOP
        CONTINUE WHEN given IS NULL OR given = '' OR given = folded;
        folded := CASE WHEN octet_length(given) = length(given) THEN lower(given)
            ELSE public.accounts_folded_words(given) END;
        FOREACH rest IN ARRAY string_to_array(translate(folded, E'\t\n\v\f\r', '     '), ' ') LOOP
            IF strpos(rest, '''') > 0 THEN
                found := found || left(replace(rest, '''', ''), 64);
            END IF;
            WHILE rest <> '' LOOP
                found := found || left(rest, 64);
                EXIT WHEN rest COLLATE "C" !~ '[]!-/:-@[\\^_`{|}~]';
                rest := CASE WHEN starts_with(rest, '@') THEN substr(rest, 2)
                    ELSE regexp_replace(rest, '^[^]!-/:-@[\\^_`{|}~]*[]!-/:-?[\\^_`{|}~]*', '') END;
            END LOOP;
        END LOOP;
    END LOOP;
    RETURN array_to_tsvector(array_remove(found, ''));
END $$;

-- The query of a search term: all of its words, up to ten, as prefixes. NULL, which finds nothing, if it has none.
CREATE FUNCTION accounts_words_wanted(term text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg('''' || replace(replace(word, '\', '\\'), '''', '''''') || ''':*', ' & ')::tsquery
    FROM (
        SELECT left(regexp_replace(piece, '^[]!-/:-?[\\^_`{|}~]+|[,;]+$', '', 'g'), 64) AS word
        FROM regexp_split_to_table(public.accounts_folded_words(left(term, 320)), '\s+') AS piece LIMIT 10
    ) AS pieces WHERE word <> ''
$$;
