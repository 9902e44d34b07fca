-- Code of before writes one pair for each identity, ON CONFLICT (identity_id), and goes on doing so until the next
-- migration takes the key that says so. Until then code of today has to replace that pair too, or would break the key.
ALTER TABLE providers_upstreamtokens ADD COLUMN IF NOT EXISTS sid varchar(255) NOT NULL DEFAULT '';
ALTER TABLE providers_upstreamtokens ADD COLUMN IF NOT EXISTS is_unsure boolean NOT NULL DEFAULT false;
ALTER TABLE providers_upstreamtokens ADD COLUMN IF NOT EXISTS id bigint;
CREATE SEQUENCE IF NOT EXISTS providers_upstreamtokens_id_seq AS bigint OWNED BY providers_upstreamtokens.id;
ALTER TABLE providers_upstreamtokens ALTER COLUMN id SET DEFAULT nextval('providers_upstreamtokens_id_seq');

CREATE OR REPLACE FUNCTION providers_one_pair() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM public.providers_upstreamtokens t WHERE t.identity_id = NEW.identity_id AND t.sid <> NEW.sid;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER one_pair BEFORE INSERT ON providers_upstreamtokens
FOR EACH ROW EXECUTE FUNCTION providers_one_pair();
