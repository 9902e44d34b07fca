-- Ciphertexts do not compress, and three of them fit into a row of one page. Every sign-in rewrites them, and PostgreSQL
-- would otherwise try to compress them each time and move them to a TOAST table.
ALTER TABLE providers_upstreamtokens SET (toast_tuple_target = 8160);
ALTER TABLE providers_upstreamtokens
    ALTER COLUMN access SET STORAGE EXTERNAL,
    ALTER COLUMN refresh SET STORAGE EXTERNAL,
    ALTER COLUMN id_token SET STORAGE EXTERNAL;
