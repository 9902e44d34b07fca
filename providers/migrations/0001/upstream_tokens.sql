-- Ciphertexts cannot be compressed, and three of them fit into a row of one page: each sign-in writes them anew, and
-- would otherwise try to compress them and move them into a table of their own.
ALTER TABLE providers_upstreamtokens SET (toast_tuple_target = 8160);
ALTER TABLE providers_upstreamtokens
    ALTER COLUMN access SET STORAGE EXTERNAL,
    ALTER COLUMN refresh SET STORAGE EXTERNAL,
    ALTER COLUMN id_token SET STORAGE EXTERNAL;
