-- ACL FUNCTION audit_append_seal(seal jsonb, digests bytea)
REVOKE ALL ON FUNCTION public.audit_append_seal(seal jsonb, digests bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_append_seal(seal jsonb, digests bytea) TO vestibule_app;

-- ACL FUNCTION audit_close(of_table text)
REVOKE ALL ON FUNCTION public.audit_close(of_table text) FROM PUBLIC;

-- ACL FUNCTION audit_close_sequence(of_sequence text)
REVOKE ALL ON FUNCTION public.audit_close_sequence(of_sequence text) FROM PUBLIC;

-- ACL FUNCTION audit_drop_empty_months()
REVOKE ALL ON FUNCTION public.audit_drop_empty_months() FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_drop_empty_months() TO vestibule_app;

-- ACL FUNCTION audit_due(tenant text)
REVOKE ALL ON FUNCTION public.audit_due(tenant text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_due(tenant text) TO vestibule_app;

-- ACL FUNCTION audit_erase(erased text, told jsonb)
REVOKE ALL ON FUNCTION public.audit_erase(erased text, told jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_erase(erased text, told jsonb) TO vestibule_app;

-- ACL FUNCTION audit_event(name text, told jsonb)
REVOKE ALL ON FUNCTION public.audit_event(name text, told jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_event(name text, told jsonb) TO vestibule_app;

-- ACL FUNCTION audit_floor_days()
REVOKE ALL ON FUNCTION public.audit_floor_days() FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_floor_days() TO vestibule_app;

-- ACL FUNCTION audit_forget_digests(begins timestamp with time zone, ends timestamp with time zone)
REVOKE ALL ON FUNCTION public.audit_forget_digests(begins timestamp with time zone, ends timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_forget_digests(begins timestamp with time zone, ends timestamp with time zone) TO vestibule_app;

-- ACL FUNCTION audit_guard(of_table text, parent text)
REVOKE ALL ON FUNCTION public.audit_guard(of_table text, parent text) FROM PUBLIC;

-- ACL FUNCTION audit_make_months(ahead integer)
REVOKE ALL ON FUNCTION public.audit_make_months(ahead integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_make_months(ahead integer) TO vestibule_app;

-- ACL FUNCTION audit_months(OUT parent text, OUT name text, OUT lower timestamp with time zone, OUT upper timestamp with time zone)
REVOKE ALL ON FUNCTION public.audit_months(OUT parent text, OUT name text, OUT lower timestamp with time zone, OUT upper timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_months(OUT parent text, OUT name text, OUT lower timestamp with time zone, OUT upper timestamp with time zone) TO vestibule_app;

-- ACL FUNCTION audit_note_removal(removal jsonb)
REVOKE ALL ON FUNCTION public.audit_note_removal(removal jsonb) FROM PUBLIC;

-- ACL FUNCTION audit_refuse()
REVOKE ALL ON FUNCTION public.audit_refuse() FROM PUBLIC;

-- ACL FUNCTION audit_remove_entries(gone bigint[], first_at timestamp with time zone, last_at timestamp with time zone, removal jsonb)
REVOKE ALL ON FUNCTION public.audit_remove_entries(gone bigint[], first_at timestamp with time zone, last_at timestamp with time zone, removal jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_remove_entries(gone bigint[], first_at timestamp with time zone, last_at timestamp with time zone, removal jsonb) TO vestibule_app;

-- ACL FUNCTION audit_remove_month(ends timestamp with time zone, removal jsonb)
REVOKE ALL ON FUNCTION public.audit_remove_month(ends timestamp with time zone, removal jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_remove_month(ends timestamp with time zone, removal jsonb) TO vestibule_app;

-- ACL FUNCTION audit_set_floor(to_days integer)
REVOKE ALL ON FUNCTION public.audit_set_floor(to_days integer) FROM PUBLIC;

-- ACL FUNCTION audit_write_created_or_deleted()
REVOKE ALL ON FUNCTION public.audit_write_created_or_deleted() FROM PUBLIC;

-- ACL FUNCTION audit_write_updated()
REVOKE ALL ON FUNCTION public.audit_write_updated() FROM PUBLIC;

-- ACL SCHEMA public
GRANT USAGE ON SCHEMA public TO vestibule_app;
GRANT USAGE ON SCHEMA public TO vestibule_backup;

-- ACL SEQUENCE account_emailaddress_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.account_emailaddress_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.account_emailaddress_id_seq TO vestibule_backup;

-- ACL SEQUENCE account_emailconfirmation_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.account_emailconfirmation_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.account_emailconfirmation_id_seq TO vestibule_backup;

-- ACL SEQUENCE accounts_claimrule_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.accounts_claimrule_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.accounts_claimrule_id_seq TO vestibule_backup;

-- ACL SEQUENCE accounts_delivery_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.accounts_delivery_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.accounts_delivery_id_seq TO vestibule_backup;

-- ACL SEQUENCE accounts_identity_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.accounts_identity_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.accounts_identity_id_seq TO vestibule_backup;

-- ACL SEQUENCE accounts_mailedlink_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.accounts_mailedlink_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.accounts_mailedlink_id_seq TO vestibule_backup;

-- ACL SEQUENCE accounts_membership_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.accounts_membership_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.accounts_membership_id_seq TO vestibule_backup;

-- ACL SEQUENCE accounts_role_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.accounts_role_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.accounts_role_id_seq TO vestibule_backup;

-- ACL SEQUENCE accounts_role_permissions_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.accounts_role_permissions_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.accounts_role_permissions_id_seq TO vestibule_backup;

-- ACL SEQUENCE accounts_upstreamend_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.accounts_upstreamend_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.accounts_upstreamend_id_seq TO vestibule_backup;

-- ACL SEQUENCE accounts_user_groups_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.accounts_user_groups_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.accounts_user_groups_id_seq TO vestibule_backup;

-- ACL SEQUENCE accounts_user_user_permissions_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.accounts_user_user_permissions_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.accounts_user_user_permissions_id_seq TO vestibule_backup;

-- ACL SEQUENCE audit_entry_id_seq
GRANT SELECT ON SEQUENCE public.audit_entry_id_seq TO vestibule_backup;

-- ACL SEQUENCE auth_group_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.auth_group_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.auth_group_id_seq TO vestibule_backup;

-- ACL SEQUENCE auth_group_permissions_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.auth_group_permissions_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.auth_group_permissions_id_seq TO vestibule_backup;

-- ACL SEQUENCE auth_permission_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.auth_permission_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.auth_permission_id_seq TO vestibule_backup;

-- ACL SEQUENCE django_admin_log_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.django_admin_log_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.django_admin_log_id_seq TO vestibule_backup;

-- ACL SEQUENCE django_content_type_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.django_content_type_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.django_content_type_id_seq TO vestibule_backup;

-- ACL SEQUENCE django_migrations_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.django_migrations_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.django_migrations_id_seq TO vestibule_backup;

-- ACL SEQUENCE mfa_authenticator_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.mfa_authenticator_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.mfa_authenticator_id_seq TO vestibule_backup;

-- ACL SEQUENCE providers_refusedidentity_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.providers_refusedidentity_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.providers_refusedidentity_id_seq TO vestibule_backup;

-- ACL SEQUENCE providers_upstreamtokens_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.providers_upstreamtokens_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.providers_upstreamtokens_id_seq TO vestibule_backup;

-- ACL SEQUENCE socialaccount_socialaccount_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.socialaccount_socialaccount_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.socialaccount_socialaccount_id_seq TO vestibule_backup;

-- ACL SEQUENCE socialaccount_socialapp_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.socialaccount_socialapp_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.socialaccount_socialapp_id_seq TO vestibule_backup;

-- ACL SEQUENCE socialaccount_socialtoken_id_seq
GRANT SELECT,USAGE ON SEQUENCE public.socialaccount_socialtoken_id_seq TO vestibule_app;
GRANT SELECT ON SEQUENCE public.socialaccount_socialtoken_id_seq TO vestibule_backup;

-- ACL TABLE account_emailaddress
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.account_emailaddress TO vestibule_app;
GRANT SELECT ON TABLE public.account_emailaddress TO vestibule_backup;

-- ACL TABLE account_emailconfirmation
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.account_emailconfirmation TO vestibule_app;
GRANT SELECT ON TABLE public.account_emailconfirmation TO vestibule_backup;

-- ACL TABLE accounts_bulkaction
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_bulkaction TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_bulkaction TO vestibule_backup;

-- ACL TABLE accounts_claimrule
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_claimrule TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_claimrule TO vestibule_backup;

-- ACL TABLE accounts_cutoff
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_cutoff TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_cutoff TO vestibule_backup;

-- ACL TABLE accounts_delivery
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_delivery TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_delivery TO vestibule_backup;

-- ACL TABLE accounts_errand
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_errand TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_errand TO vestibule_backup;

-- ACL TABLE accounts_identity
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_identity TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_identity TO vestibule_backup;

-- ACL TABLE accounts_invitation
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_invitation TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_invitation TO vestibule_backup;

-- ACL TABLE accounts_mailedcode
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_mailedcode TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_mailedcode TO vestibule_backup;

-- ACL TABLE accounts_mailedlink
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_mailedlink TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_mailedlink TO vestibule_backup;

-- ACL TABLE accounts_membership
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_membership TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_membership TO vestibule_backup;

-- ACL TABLE accounts_role
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_role TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_role TO vestibule_backup;

-- ACL TABLE accounts_role_permissions
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_role_permissions TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_role_permissions TO vestibule_backup;

-- ACL TABLE accounts_session
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_session TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_session TO vestibule_backup;

-- ACL TABLE accounts_tenant
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_tenant TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_tenant TO vestibule_backup;

-- ACL TABLE accounts_upstreamend
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_upstreamend TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_upstreamend TO vestibule_backup;

-- ACL TABLE accounts_usedproof
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_usedproof TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_usedproof TO vestibule_backup;

-- ACL TABLE accounts_user
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_user TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_user TO vestibule_backup;

-- ACL TABLE accounts_user_groups
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_user_groups TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_user_groups TO vestibule_backup;

-- ACL TABLE accounts_user_user_permissions
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_user_user_permissions TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_user_user_permissions TO vestibule_backup;

-- ACL TABLE accounts_webhook
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts_webhook TO vestibule_app;
GRANT SELECT ON TABLE public.accounts_webhook TO vestibule_backup;

-- ACL TABLE audit_entry
GRANT SELECT ON TABLE public.audit_entry TO vestibule_backup;
GRANT SELECT ON TABLE public.audit_entry TO vestibule_app;

-- ACL TABLE audit_entry_MONTH
GRANT SELECT ON TABLE public.audit_entry_MONTH TO vestibule_backup;

-- ACL TABLE audit_entry_until_MONTH
GRANT SELECT ON TABLE public.audit_entry_until_MONTH TO vestibule_backup;

-- ACL TABLE audit_entry_without_month
GRANT SELECT ON TABLE public.audit_entry_without_month TO vestibule_backup;

-- ACL TABLE audit_floor
GRANT SELECT ON TABLE public.audit_floor TO vestibule_backup;
GRANT SELECT ON TABLE public.audit_floor TO vestibule_app;

-- ACL TABLE audit_jobrun
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.audit_jobrun TO vestibule_app;
GRANT SELECT ON TABLE public.audit_jobrun TO vestibule_backup;

-- ACL TABLE audit_personal
GRANT SELECT ON TABLE public.audit_personal TO vestibule_backup;
GRANT SELECT ON TABLE public.audit_personal TO vestibule_app;

-- ACL TABLE audit_personal_MONTH
GRANT SELECT ON TABLE public.audit_personal_MONTH TO vestibule_backup;

-- ACL TABLE audit_personal_until_MONTH
GRANT SELECT ON TABLE public.audit_personal_until_MONTH TO vestibule_backup;

-- ACL TABLE audit_personal_without_month
GRANT SELECT ON TABLE public.audit_personal_without_month TO vestibule_backup;

-- ACL TABLE audit_removal
GRANT SELECT ON TABLE public.audit_removal TO vestibule_backup;
GRANT SELECT ON TABLE public.audit_removal TO vestibule_app;

-- ACL TABLE audit_retention
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.audit_retention TO vestibule_app;
GRANT SELECT ON TABLE public.audit_retention TO vestibule_backup;

-- ACL TABLE audit_seal
GRANT SELECT ON TABLE public.audit_seal TO vestibule_backup;
GRANT SELECT ON TABLE public.audit_seal TO vestibule_app;

-- ACL TABLE audit_seal_digests
GRANT SELECT ON TABLE public.audit_seal_digests TO vestibule_backup;
GRANT SELECT ON TABLE public.audit_seal_digests TO vestibule_app;

-- ACL TABLE auth_group
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.auth_group TO vestibule_app;
GRANT SELECT ON TABLE public.auth_group TO vestibule_backup;

-- ACL TABLE auth_group_permissions
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.auth_group_permissions TO vestibule_app;
GRANT SELECT ON TABLE public.auth_group_permissions TO vestibule_backup;

-- ACL TABLE auth_permission
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.auth_permission TO vestibule_app;
GRANT SELECT ON TABLE public.auth_permission TO vestibule_backup;

-- ACL TABLE django_admin_log
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.django_admin_log TO vestibule_app;
GRANT SELECT ON TABLE public.django_admin_log TO vestibule_backup;

-- ACL TABLE django_content_type
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.django_content_type TO vestibule_app;
GRANT SELECT ON TABLE public.django_content_type TO vestibule_backup;

-- ACL TABLE django_migrations
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.django_migrations TO vestibule_app;
GRANT SELECT ON TABLE public.django_migrations TO vestibule_backup;

-- ACL TABLE mfa_authenticator
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mfa_authenticator TO vestibule_app;
GRANT SELECT ON TABLE public.mfa_authenticator TO vestibule_backup;

-- ACL TABLE providers_heardlogout
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.providers_heardlogout TO vestibule_app;
GRANT SELECT ON TABLE public.providers_heardlogout TO vestibule_backup;

-- ACL TABLE providers_leaving
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.providers_leaving TO vestibule_app;
GRANT SELECT ON TABLE public.providers_leaving TO vestibule_backup;

-- ACL TABLE providers_refusedidentity
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.providers_refusedidentity TO vestibule_app;
GRANT SELECT ON TABLE public.providers_refusedidentity TO vestibule_backup;

-- ACL TABLE providers_upstreamtokens
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.providers_upstreamtokens TO vestibule_app;
GRANT SELECT ON TABLE public.providers_upstreamtokens TO vestibule_backup;

-- ACL TABLE socialaccount_socialaccount
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.socialaccount_socialaccount TO vestibule_app;
GRANT SELECT ON TABLE public.socialaccount_socialaccount TO vestibule_backup;

-- ACL TABLE socialaccount_socialapp
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.socialaccount_socialapp TO vestibule_app;
GRANT SELECT ON TABLE public.socialaccount_socialapp TO vestibule_backup;

-- ACL TABLE socialaccount_socialtoken
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.socialaccount_socialtoken TO vestibule_app;
GRANT SELECT ON TABLE public.socialaccount_socialtoken TO vestibule_backup;

-- CONSTRAINT account_emailaddress account_emailaddress_pkey
ALTER TABLE ONLY public.account_emailaddress
    ADD CONSTRAINT account_emailaddress_pkey PRIMARY KEY (id);

-- CONSTRAINT account_emailaddress account_emailaddress_user_id_email_987c8728_uniq
ALTER TABLE ONLY public.account_emailaddress
    ADD CONSTRAINT account_emailaddress_user_id_email_987c8728_uniq UNIQUE (user_id, email);

-- CONSTRAINT account_emailconfirmation account_emailconfirmation_key_key
ALTER TABLE ONLY public.account_emailconfirmation
    ADD CONSTRAINT account_emailconfirmation_key_key UNIQUE (key);

-- CONSTRAINT account_emailconfirmation account_emailconfirmation_pkey
ALTER TABLE ONLY public.account_emailconfirmation
    ADD CONSTRAINT account_emailconfirmation_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_bulkaction accounts_bulkaction_pkey
ALTER TABLE ONLY public.accounts_bulkaction
    ADD CONSTRAINT accounts_bulkaction_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_claimrule accounts_claimrule_pkey
ALTER TABLE ONLY public.accounts_claimrule
    ADD CONSTRAINT accounts_claimrule_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_claimrule claim_rule_unique
ALTER TABLE ONLY public.accounts_claimrule
    ADD CONSTRAINT claim_rule_unique UNIQUE (tenant_id, provider, claim, value);

-- CONSTRAINT accounts_cutoff accounts_cutoff_pkey
ALTER TABLE ONLY public.accounts_cutoff
    ADD CONSTRAINT accounts_cutoff_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_delivery accounts_delivery_pkey
ALTER TABLE ONLY public.accounts_delivery
    ADD CONSTRAINT accounts_delivery_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_delivery delivery_once
ALTER TABLE ONLY public.accounts_delivery
    ADD CONSTRAINT delivery_once UNIQUE (webhook_id, entry_id);

-- CONSTRAINT accounts_errand accounts_errand_pkey
ALTER TABLE ONLY public.accounts_errand
    ADD CONSTRAINT accounts_errand_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_identity accounts_identity_pkey
ALTER TABLE ONLY public.accounts_identity
    ADD CONSTRAINT accounts_identity_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_identity identity_issuer_subject_unique
ALTER TABLE ONLY public.accounts_identity
    ADD CONSTRAINT identity_issuer_subject_unique UNIQUE (issuer, subject);

-- CONSTRAINT accounts_invitation accounts_invitation_pkey
ALTER TABLE ONLY public.accounts_invitation
    ADD CONSTRAINT accounts_invitation_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_invitation invitation_digest_unique
ALTER TABLE ONLY public.accounts_invitation
    ADD CONSTRAINT invitation_digest_unique UNIQUE (digest);

-- CONSTRAINT accounts_mailedcode accounts_mailedcode_pkey
ALTER TABLE ONLY public.accounts_mailedcode
    ADD CONSTRAINT accounts_mailedcode_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_mailedlink accounts_mailedlink_digest_key
ALTER TABLE ONLY public.accounts_mailedlink
    ADD CONSTRAINT accounts_mailedlink_digest_key UNIQUE (digest);

-- CONSTRAINT accounts_mailedlink accounts_mailedlink_pkey
ALTER TABLE ONLY public.accounts_mailedlink
    ADD CONSTRAINT accounts_mailedlink_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_membership accounts_membership_pkey
ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_membership membership_user_tenant_unique
ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT membership_user_tenant_unique UNIQUE (user_id, tenant_id);

-- CONSTRAINT accounts_role accounts_role_pkey
ALTER TABLE ONLY public.accounts_role
    ADD CONSTRAINT accounts_role_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_role role_name_unique
ALTER TABLE ONLY public.accounts_role
    ADD CONSTRAINT role_name_unique UNIQUE NULLS NOT DISTINCT (tenant_id, name);

-- CONSTRAINT accounts_role_permissions accounts_role_permissions_pkey
ALTER TABLE ONLY public.accounts_role_permissions
    ADD CONSTRAINT accounts_role_permissions_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_role_permissions accounts_role_permissions_role_id_permission_id_032c715e_uniq
ALTER TABLE ONLY public.accounts_role_permissions
    ADD CONSTRAINT accounts_role_permissions_role_id_permission_id_032c715e_uniq UNIQUE (role_id, permission_id);

-- CONSTRAINT accounts_session accounts_session_pkey
ALTER TABLE ONLY public.accounts_session
    ADD CONSTRAINT accounts_session_pkey PRIMARY KEY (session_key);

-- CONSTRAINT accounts_tenant accounts_tenant_pkey
ALTER TABLE ONLY public.accounts_tenant
    ADD CONSTRAINT accounts_tenant_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_tenant accounts_tenant_slug_key
ALTER TABLE ONLY public.accounts_tenant
    ADD CONSTRAINT accounts_tenant_slug_key UNIQUE (slug);

-- CONSTRAINT accounts_upstreamend accounts_upstreamend_pkey
ALTER TABLE ONLY public.accounts_upstreamend
    ADD CONSTRAINT accounts_upstreamend_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_usedproof accounts_usedproof_pkey
ALTER TABLE ONLY public.accounts_usedproof
    ADD CONSTRAINT accounts_usedproof_pkey PRIMARY KEY (digest);

-- CONSTRAINT accounts_user accounts_user_pkey
ALTER TABLE ONLY public.accounts_user
    ADD CONSTRAINT accounts_user_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_user accounts_user_username_key
ALTER TABLE ONLY public.accounts_user
    ADD CONSTRAINT accounts_user_username_key UNIQUE (username);

-- CONSTRAINT accounts_user_groups accounts_user_groups_pkey
ALTER TABLE ONLY public.accounts_user_groups
    ADD CONSTRAINT accounts_user_groups_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_user_groups accounts_user_groups_user_id_group_id_59c0b32f_uniq
ALTER TABLE ONLY public.accounts_user_groups
    ADD CONSTRAINT accounts_user_groups_user_id_group_id_59c0b32f_uniq UNIQUE (user_id, group_id);

-- CONSTRAINT accounts_user_user_permissions accounts_user_user_permi_user_id_permission_id_2ab516c2_uniq
ALTER TABLE ONLY public.accounts_user_user_permissions
    ADD CONSTRAINT accounts_user_user_permi_user_id_permission_id_2ab516c2_uniq UNIQUE (user_id, permission_id);

-- CONSTRAINT accounts_user_user_permissions accounts_user_user_permissions_pkey
ALTER TABLE ONLY public.accounts_user_user_permissions
    ADD CONSTRAINT accounts_user_user_permissions_pkey PRIMARY KEY (id);

-- CONSTRAINT accounts_webhook accounts_webhook_pkey
ALTER TABLE ONLY public.accounts_webhook
    ADD CONSTRAINT accounts_webhook_pkey PRIMARY KEY (id);

-- CONSTRAINT audit_entry audit_entry_pkey
ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT audit_entry_pkey PRIMARY KEY (id, at);

-- CONSTRAINT audit_entry_MONTH audit_entry_MONTH__audit_entry_pkey
ALTER TABLE ONLY public.audit_entry_MONTH
    ADD CONSTRAINT audit_entry_MONTH__audit_entry_pkey PRIMARY KEY (id, at);

-- CONSTRAINT audit_entry_until_MONTH audit_entry_until_MONTH__audit_entry_pkey
ALTER TABLE ONLY public.audit_entry_until_MONTH
    ADD CONSTRAINT audit_entry_until_MONTH__audit_entry_pkey PRIMARY KEY (id, at);

-- CONSTRAINT audit_entry_without_month audit_entry_without_month__audit_entry_pkey
ALTER TABLE ONLY public.audit_entry_without_month
    ADD CONSTRAINT audit_entry_without_month__audit_entry_pkey PRIMARY KEY (id, at);

-- CONSTRAINT audit_floor audit_floor_pkey
ALTER TABLE ONLY public.audit_floor
    ADD CONSTRAINT audit_floor_pkey PRIMARY KEY (only_one);

-- CONSTRAINT audit_jobrun audit_jobrun_pkey
ALTER TABLE ONLY public.audit_jobrun
    ADD CONSTRAINT audit_jobrun_pkey PRIMARY KEY (name);

-- CONSTRAINT audit_personal audit_personal_pkey
ALTER TABLE ONLY public.audit_personal
    ADD CONSTRAINT audit_personal_pkey PRIMARY KEY (entry_id, at);

-- CONSTRAINT audit_personal_MONTH audit_personal_MONTH__audit_personal_pkey
ALTER TABLE ONLY public.audit_personal_MONTH
    ADD CONSTRAINT audit_personal_MONTH__audit_personal_pkey PRIMARY KEY (entry_id, at);

-- CONSTRAINT audit_personal_until_MONTH audit_personal_until_MONTH__audit_personal_pkey
ALTER TABLE ONLY public.audit_personal_until_MONTH
    ADD CONSTRAINT audit_personal_until_MONTH__audit_personal_pkey PRIMARY KEY (entry_id, at);

-- CONSTRAINT audit_personal_without_month audit_personal_without_month__audit_personal_pkey
ALTER TABLE ONLY public.audit_personal_without_month
    ADD CONSTRAINT audit_personal_without_month__audit_personal_pkey PRIMARY KEY (entry_id, at);

-- CONSTRAINT audit_removal audit_removal_pkey
ALTER TABLE ONLY public.audit_removal
    ADD CONSTRAINT audit_removal_pkey PRIMARY KEY (id);

-- CONSTRAINT audit_retention audit_retention_pkey
ALTER TABLE ONLY public.audit_retention
    ADD CONSTRAINT audit_retention_pkey PRIMARY KEY (tenant_id);

-- CONSTRAINT audit_seal audit_seal_pkey
ALTER TABLE ONLY public.audit_seal
    ADD CONSTRAINT audit_seal_pkey PRIMARY KEY (number);

-- CONSTRAINT audit_seal_digests audit_seal_digests_pkey
ALTER TABLE ONLY public.audit_seal_digests
    ADD CONSTRAINT audit_seal_digests_pkey PRIMARY KEY (number);

-- CONSTRAINT auth_group auth_group_name_key
ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_name_key UNIQUE (name);

-- CONSTRAINT auth_group auth_group_pkey
ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_pkey PRIMARY KEY (id);

-- CONSTRAINT auth_group_permissions auth_group_permissions_group_id_permission_id_0cd325b0_uniq
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq UNIQUE (group_id, permission_id);

-- CONSTRAINT auth_group_permissions auth_group_permissions_pkey
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_pkey PRIMARY KEY (id);

-- CONSTRAINT auth_permission auth_permission_content_type_id_codename_01ab375a_uniq
ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq UNIQUE (content_type_id, codename);

-- CONSTRAINT auth_permission auth_permission_pkey
ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_pkey PRIMARY KEY (id);

-- CONSTRAINT django_admin_log django_admin_log_pkey
ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_pkey PRIMARY KEY (id);

-- CONSTRAINT django_content_type django_content_type_app_label_model_76bd3d3b_uniq
ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);

-- CONSTRAINT django_content_type django_content_type_pkey
ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);

-- CONSTRAINT django_migrations django_migrations_pkey
ALTER TABLE ONLY public.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);

-- CONSTRAINT mfa_authenticator mfa_authenticator_pkey
ALTER TABLE ONLY public.mfa_authenticator
    ADD CONSTRAINT mfa_authenticator_pkey PRIMARY KEY (id);

-- CONSTRAINT providers_heardlogout providers_heardlogout_pkey
ALTER TABLE ONLY public.providers_heardlogout
    ADD CONSTRAINT providers_heardlogout_pkey PRIMARY KEY (digest);

-- CONSTRAINT providers_leaving providers_leaving_pkey
ALTER TABLE ONLY public.providers_leaving
    ADD CONSTRAINT providers_leaving_pkey PRIMARY KEY (id);

-- CONSTRAINT providers_refusedidentity providers_refusedidentity_pkey
ALTER TABLE ONLY public.providers_refusedidentity
    ADD CONSTRAINT providers_refusedidentity_pkey PRIMARY KEY (id);

-- CONSTRAINT providers_refusedidentity refusedidentity_issuer_subject_unique
ALTER TABLE ONLY public.providers_refusedidentity
    ADD CONSTRAINT refusedidentity_issuer_subject_unique UNIQUE (issuer, subject);

-- CONSTRAINT providers_upstreamtokens providers_upstreamtokens_pkey
ALTER TABLE ONLY public.providers_upstreamtokens
    ADD CONSTRAINT providers_upstreamtokens_pkey PRIMARY KEY (id);

-- CONSTRAINT providers_upstreamtokens tokens_of_upstream_session
ALTER TABLE ONLY public.providers_upstreamtokens
    ADD CONSTRAINT tokens_of_upstream_session UNIQUE (identity_id, sid);

-- CONSTRAINT socialaccount_socialaccount socialaccount_socialaccount_pkey
ALTER TABLE ONLY public.socialaccount_socialaccount
    ADD CONSTRAINT socialaccount_socialaccount_pkey PRIMARY KEY (id);

-- CONSTRAINT socialaccount_socialaccount socialaccount_socialaccount_provider_uid_fc810c6e_uniq
ALTER TABLE ONLY public.socialaccount_socialaccount
    ADD CONSTRAINT socialaccount_socialaccount_provider_uid_fc810c6e_uniq UNIQUE (provider, uid);

-- CONSTRAINT socialaccount_socialapp socialaccount_socialapp_pkey
ALTER TABLE ONLY public.socialaccount_socialapp
    ADD CONSTRAINT socialaccount_socialapp_pkey PRIMARY KEY (id);

-- CONSTRAINT socialaccount_socialtoken socialaccount_socialtoken_app_id_account_id_fca4e0ac_uniq
ALTER TABLE ONLY public.socialaccount_socialtoken
    ADD CONSTRAINT socialaccount_socialtoken_app_id_account_id_fca4e0ac_uniq UNIQUE (app_id, account_id);

-- CONSTRAINT socialaccount_socialtoken socialaccount_socialtoken_pkey
ALTER TABLE ONLY public.socialaccount_socialtoken
    ADD CONSTRAINT socialaccount_socialtoken_pkey PRIMARY KEY (id);

-- DEFAULT ACL DEFAULT PRIVILEGES FOR SEQUENCES
ALTER DEFAULT PRIVILEGES FOR ROLE vestibule_owner IN SCHEMA public GRANT SELECT,USAGE ON SEQUENCES TO vestibule_app;
ALTER DEFAULT PRIVILEGES FOR ROLE vestibule_owner IN SCHEMA public GRANT SELECT ON SEQUENCES TO vestibule_backup;

-- DEFAULT ACL DEFAULT PRIVILEGES FOR TABLES
ALTER DEFAULT PRIVILEGES FOR ROLE vestibule_owner IN SCHEMA public GRANT SELECT,INSERT,DELETE,UPDATE ON TABLES TO vestibule_app;
ALTER DEFAULT PRIVILEGES FOR ROLE vestibule_owner IN SCHEMA public GRANT SELECT ON TABLES TO vestibule_backup;

-- DEFAULT audit_entry id
ALTER TABLE ONLY public.audit_entry ALTER COLUMN id SET DEFAULT nextval('public.audit_entry_id_seq'::regclass);

-- FK CONSTRAINT account_emailaddress account_emailaddress_user_id_2c513194_fk_accounts_user_id
ALTER TABLE ONLY public.account_emailaddress
    ADD CONSTRAINT account_emailaddress_user_id_2c513194_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT account_emailconfirmation account_emailconfirm_email_address_id_5b7f8c58_fk_account_e
ALTER TABLE ONLY public.account_emailconfirmation
    ADD CONSTRAINT account_emailconfirm_email_address_id_5b7f8c58_fk_account_e FOREIGN KEY (email_address_id) REFERENCES public.account_emailaddress(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_bulkaction accounts_bulkaction_user_id_f0048c2f_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_bulkaction
    ADD CONSTRAINT accounts_bulkaction_user_id_f0048c2f_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_claimrule accounts_claimrule_role_id_550e1804_fk_accounts_role_id
ALTER TABLE ONLY public.accounts_claimrule
    ADD CONSTRAINT accounts_claimrule_role_id_550e1804_fk_accounts_role_id FOREIGN KEY (role_id) REFERENCES public.accounts_role(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_claimrule accounts_claimrule_tenant_id_ba093575_fk_accounts_tenant_id
ALTER TABLE ONLY public.accounts_claimrule
    ADD CONSTRAINT accounts_claimrule_tenant_id_ba093575_fk_accounts_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.accounts_tenant(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_cutoff accounts_cutoff_user_id_8e08db61_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_cutoff
    ADD CONSTRAINT accounts_cutoff_user_id_8e08db61_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_delivery accounts_delivery_tenant_id_b3866dd7_fk_accounts_tenant_id
ALTER TABLE ONLY public.accounts_delivery
    ADD CONSTRAINT accounts_delivery_tenant_id_b3866dd7_fk_accounts_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.accounts_tenant(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_delivery accounts_delivery_webhook_id_9b274ae8_fk_accounts_webhook_id
ALTER TABLE ONLY public.accounts_delivery
    ADD CONSTRAINT accounts_delivery_webhook_id_9b274ae8_fk_accounts_webhook_id FOREIGN KEY (webhook_id) REFERENCES public.accounts_webhook(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_identity accounts_identity_user_id_f7ddf146_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_identity
    ADD CONSTRAINT accounts_identity_user_id_f7ddf146_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_invitation accounts_invitation_accepted_by_id_ba632539_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_invitation
    ADD CONSTRAINT accounts_invitation_accepted_by_id_ba632539_fk_accounts_user_id FOREIGN KEY (accepted_by_id) REFERENCES public.accounts_user(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_invitation accounts_invitation_invited_by_id_94a21efc_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_invitation
    ADD CONSTRAINT accounts_invitation_invited_by_id_94a21efc_fk_accounts_user_id FOREIGN KEY (invited_by_id) REFERENCES public.accounts_user(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_invitation accounts_invitation_role_id_6e595326_fk_accounts_role_id
ALTER TABLE ONLY public.accounts_invitation
    ADD CONSTRAINT accounts_invitation_role_id_6e595326_fk_accounts_role_id FOREIGN KEY (role_id) REFERENCES public.accounts_role(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_invitation accounts_invitation_tenant_id_3b426b19_fk_accounts_tenant_id
ALTER TABLE ONLY public.accounts_invitation
    ADD CONSTRAINT accounts_invitation_tenant_id_3b426b19_fk_accounts_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.accounts_tenant(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_mailedcode accounts_mailedcode_user_id_dcd87342_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_mailedcode
    ADD CONSTRAINT accounts_mailedcode_user_id_dcd87342_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_mailedlink accounts_mailedlink_user_id_6154414a_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_mailedlink
    ADD CONSTRAINT accounts_mailedlink_user_id_6154414a_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_membership accounts_membership_role_id_735b62ea_fk_accounts_role_id
ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_role_id_735b62ea_fk_accounts_role_id FOREIGN KEY (role_id) REFERENCES public.accounts_role(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_membership accounts_membership_rule_id_afb3c1a3_fk_accounts_claimrule_id
ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_rule_id_afb3c1a3_fk_accounts_claimrule_id FOREIGN KEY (rule_id) REFERENCES public.accounts_claimrule(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_membership accounts_membership_tenant_id_be1e9f15_fk_accounts_tenant_id
ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_tenant_id_be1e9f15_fk_accounts_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.accounts_tenant(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_membership accounts_membership_user_id_487fb39e_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_user_id_487fb39e_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_role accounts_role_tenant_id_a24ef05b_fk_accounts_tenant_id
ALTER TABLE ONLY public.accounts_role
    ADD CONSTRAINT accounts_role_tenant_id_a24ef05b_fk_accounts_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.accounts_tenant(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_role_permissions accounts_role_permis_permission_id_76fe677d_fk_auth_perm
ALTER TABLE ONLY public.accounts_role_permissions
    ADD CONSTRAINT accounts_role_permis_permission_id_76fe677d_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_role_permissions accounts_role_permissions_role_id_54f107a6_fk_accounts_role_id
ALTER TABLE ONLY public.accounts_role_permissions
    ADD CONSTRAINT accounts_role_permissions_role_id_54f107a6_fk_accounts_role_id FOREIGN KEY (role_id) REFERENCES public.accounts_role(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_session accounts_session_user_id_d5aaed01_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_session
    ADD CONSTRAINT accounts_session_user_id_d5aaed01_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_session accounts_session_waiting_for_id_1f9373a5_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_session
    ADD CONSTRAINT accounts_session_waiting_for_id_1f9373a5_fk_accounts_user_id FOREIGN KEY (waiting_for_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_user_groups accounts_user_groups_group_id_bd11a704_fk_auth_group_id
ALTER TABLE ONLY public.accounts_user_groups
    ADD CONSTRAINT accounts_user_groups_group_id_bd11a704_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_user_groups accounts_user_groups_user_id_52b62117_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_user_groups
    ADD CONSTRAINT accounts_user_groups_user_id_52b62117_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_user_user_permissions accounts_user_user_p_permission_id_113bb443_fk_auth_perm
ALTER TABLE ONLY public.accounts_user_user_permissions
    ADD CONSTRAINT accounts_user_user_p_permission_id_113bb443_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_user_user_permissions accounts_user_user_p_user_id_e4f0a161_fk_accounts_
ALTER TABLE ONLY public.accounts_user_user_permissions
    ADD CONSTRAINT accounts_user_user_p_user_id_e4f0a161_fk_accounts_ FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_webhook accounts_webhook_created_by_id_3172f000_fk_accounts_user_id
ALTER TABLE ONLY public.accounts_webhook
    ADD CONSTRAINT accounts_webhook_created_by_id_3172f000_fk_accounts_user_id FOREIGN KEY (created_by_id) REFERENCES public.accounts_user(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT accounts_webhook accounts_webhook_tenant_id_45ed1cf9_fk_accounts_tenant_id
ALTER TABLE ONLY public.accounts_webhook
    ADD CONSTRAINT accounts_webhook_tenant_id_45ed1cf9_fk_accounts_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.accounts_tenant(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT auth_group_permissions auth_group_permissio_permission_id_84c5c92e_fk_auth_perm
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT auth_group_permissions auth_group_permissions_group_id_b120cbf9_fk_auth_group_id
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT auth_permission auth_permission_content_type_id_2f476e4b_fk_django_co
ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT django_admin_log django_admin_log_content_type_id_c4bce8eb_fk_django_co
ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_content_type_id_c4bce8eb_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT django_admin_log django_admin_log_user_id_c564eba6_fk_accounts_user_id
ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_user_id_c564eba6_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT mfa_authenticator mfa_authenticator_user_id_0c3a50c0_fk_accounts_user_id
ALTER TABLE ONLY public.mfa_authenticator
    ADD CONSTRAINT mfa_authenticator_user_id_0c3a50c0_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT providers_upstreamtokens providers_upstreamto_identity_id_3fac89d5_fk_accounts_
ALTER TABLE ONLY public.providers_upstreamtokens
    ADD CONSTRAINT providers_upstreamto_identity_id_3fac89d5_fk_accounts_ FOREIGN KEY (identity_id) REFERENCES public.accounts_identity(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT socialaccount_socialaccount socialaccount_social_user_id_8146e70c_fk_accounts_
ALTER TABLE ONLY public.socialaccount_socialaccount
    ADD CONSTRAINT socialaccount_social_user_id_8146e70c_fk_accounts_ FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT socialaccount_socialtoken socialaccount_social_account_id_951f210e_fk_socialacc
ALTER TABLE ONLY public.socialaccount_socialtoken
    ADD CONSTRAINT socialaccount_social_account_id_951f210e_fk_socialacc FOREIGN KEY (account_id) REFERENCES public.socialaccount_socialaccount(id) DEFERRABLE INITIALLY DEFERRED;

-- FK CONSTRAINT socialaccount_socialtoken socialaccount_social_app_id_636a42d7_fk_socialacc
ALTER TABLE ONLY public.socialaccount_socialtoken
    ADD CONSTRAINT socialaccount_social_app_id_636a42d7_fk_socialacc FOREIGN KEY (app_id) REFERENCES public.socialaccount_socialapp(id) DEFERRABLE INITIALLY DEFERRED;

-- FUNCTION accounts_another_moment(timestamp with time zone)
CREATE FUNCTION public.accounts_another_moment(was timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql
    RETURN (SELECT CASE WHEN (m.now IS DISTINCT FROM accounts_another_moment.was) THEN m.now ELSE (m.now + '00:00:00.000001'::interval) END AS "case" FROM (SELECT clock_timestamp() AS now OFFSET 0) m);


ALTER FUNCTION public.accounts_another_moment(was timestamp with time zone) OWNER TO vestibule_owner;

-- FUNCTION accounts_canonical(text, text)
CREATE FUNCTION public.accounts_canonical(address text, given text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    folded text COLLATE "C" := public.accounts_folded_address(address);
    local text COLLATE "C" := regexp_replace(folded, '@[^@]*$', '');
    domain text COLLATE "C" := substring(folded FROM '@([^@]*)$');
    is_plain boolean := octet_length(folded) = length(folded);
BEGIN
    IF domain IS NULL OR local = '' OR octet_length(local) > 64 THEN
        RETURN NULL;
    END IF;
    IF is_plain AND domain !~ '(^|\.)..--' THEN
        RETURN CASE WHEN local ~ '^[a-z0-9!#$%&''*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&''*+/=?^_`{|}~-]+)*$'
            AND domain ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$|^localhost$'
            AND domain !~ '(^|\.)[0-9]+$' AND length(domain) <= 253 THEN folded END;
    END IF;
    RETURN CASE WHEN given COLLATE "C" ~ '@[a-z0-9.-]+$' AND regexp_replace(given, '@[^@]*$', '') = local
        AND (octet_length(domain) > length(domain) OR substring(given FROM '@([^@]*)$') = domain) THEN given END;
END
$_$;


ALTER FUNCTION public.accounts_canonical(address text, given text) OWNER TO vestibule_owner;

-- FUNCTION accounts_drop_mailed_links()
CREATE FUNCTION public.accounts_drop_mailed_links() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM public.accounts_mailedlink WHERE user_id = NEW.id;
    RETURN NULL;
END $$;


ALTER FUNCTION public.accounts_drop_mailed_links() OWNER TO vestibule_owner;

-- FUNCTION accounts_folded_address(text)
CREATE FUNCTION public.accounts_folded_address(address text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT normalize(lower(normalize(address, NFC) COLLATE "C"), NFC)
$$;


ALTER FUNCTION public.accounts_folded_address(address text) OWNER TO vestibule_owner;

-- FUNCTION accounts_folded_words(text)
CREATE FUNCTION public.accounts_folded_words(given text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
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


ALTER FUNCTION public.accounts_folded_words(given text) OWNER TO vestibule_owner;

-- FUNCTION accounts_invitation_canonical_given()
CREATE FUNCTION public.accounts_invitation_canonical_given() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    NEW.canonical_email := chr(1) || NEW.canonical_email;
    RETURN NEW;
END $$;


ALTER FUNCTION public.accounts_invitation_canonical_given() OWNER TO vestibule_owner;

-- FUNCTION accounts_invitation_canonical_kept()
CREATE FUNCTION public.accounts_invitation_canonical_kept() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    given text := NEW.canonical_email;
BEGIN
    IF starts_with(given, chr(1)) THEN
        given := substr(given, 2);
    ELSIF TG_OP = 'UPDATE' AND public.accounts_folded_address(OLD.email)
        IS DISTINCT FROM public.accounts_folded_address(NEW.email) THEN
        given := NULL;
    END IF;
    NEW.canonical_email := public.accounts_canonical(NEW.email, given);
    RETURN NEW;
END $$;


ALTER FUNCTION public.accounts_invitation_canonical_kept() OWNER TO vestibule_owner;

-- FUNCTION accounts_is_moved(timestamp with time zone, timestamp with time zone)
CREATE FUNCTION public.accounts_is_moved(was timestamp with time zone, wanted timestamp with time zone) RETURNS boolean
    LANGUAGE sql
    RETURN ((wanted > COALESCE(was, '-infinity'::timestamp with time zone)) OR ((was > clock_timestamp()) AND (wanted IS DISTINCT FROM was)));


ALTER FUNCTION public.accounts_is_moved(was timestamp with time zone, wanted timestamp with time zone) OWNER TO vestibule_owner;

-- FUNCTION accounts_keep_a_superuser()
CREATE FUNCTION public.accounts_keep_a_superuser() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1582633126);  -- ONE_AT_A_TIME in accounts/organizations/delegation.py
    IF NOT EXISTS (SELECT FROM public.accounts_user WHERE is_superuser AND is_active) THEN
        RAISE EXCEPTION 'the last superuser stays' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;


ALTER FUNCTION public.accounts_keep_a_superuser() OWNER TO vestibule_owner;

-- FUNCTION accounts_leave_dispute()
CREATE FUNCTION public.accounts_leave_dispute() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF NOT NEW.email_verified OR NEW.canonical_email IS DISTINCT FROM OLD.canonical_email THEN
        NEW.address_dispute := NULL;
    END IF;
    RETURN NEW;
END $$;


ALTER FUNCTION public.accounts_leave_dispute() OWNER TO vestibule_owner;

-- FUNCTION accounts_mailedlink_canonical_given()
CREATE FUNCTION public.accounts_mailedlink_canonical_given() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    NEW.canonical_address := chr(1) || NEW.canonical_address;
    RETURN NEW;
END $$;


ALTER FUNCTION public.accounts_mailedlink_canonical_given() OWNER TO vestibule_owner;

-- FUNCTION accounts_mailedlink_canonical_kept()
CREATE FUNCTION public.accounts_mailedlink_canonical_kept() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    given text := NEW.canonical_address;
BEGIN
    IF starts_with(given, chr(1)) THEN
        given := substr(given, 2);
    ELSIF TG_OP = 'UPDATE' AND public.accounts_folded_address(OLD.address)
        IS DISTINCT FROM public.accounts_folded_address(NEW.address) THEN
        given := NULL;
    END IF;
    NEW.canonical_address := public.accounts_canonical(NEW.address, given);
    RETURN NEW;
END $$;


ALTER FUNCTION public.accounts_mailedlink_canonical_kept() OWNER TO vestibule_owner;

-- FUNCTION accounts_move_not_before()
CREATE FUNCTION public.accounts_move_not_before() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF OLD.is_active IS DISTINCT FROM NEW.is_active OR public.accounts_is_moved(OLD.not_before, NEW.not_before) THEN
        NEW.not_before := public.accounts_another_moment(OLD.not_before);
    ELSE
        NEW.not_before := OLD.not_before;
    END IF;
    RETURN NEW;
END $$;


ALTER FUNCTION public.accounts_move_not_before() OWNER TO vestibule_owner;

-- FUNCTION accounts_move_sign_in_epoch()
CREATE FUNCTION public.accounts_move_sign_in_epoch() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    was_verified CONSTANT boolean := OLD.email_verified
        AND (OLD.email, OLD.email_verified) IS DISTINCT FROM (NEW.email, NEW.email_verified);
BEGIN
    IF was_verified
        OR (OLD.password, OLD.username, OLD.is_active, OLD.is_staff, OLD.is_superuser, OLD.second_factor_required,
            OLD.not_before)
        IS DISTINCT FROM
        (NEW.password, NEW.username, NEW.is_active, NEW.is_staff, NEW.is_superuser, NEW.second_factor_required,
            NEW.not_before)
        OR public.accounts_is_moved(OLD.sign_in_epoch, NEW.sign_in_epoch)
    THEN
        NEW.sign_in_epoch := public.accounts_another_moment(OLD.sign_in_epoch);
    ELSE
        NEW.sign_in_epoch := OLD.sign_in_epoch;
    END IF;
    RETURN NEW;
END $$;


ALTER FUNCTION public.accounts_move_sign_in_epoch() OWNER TO vestibule_owner;

-- FUNCTION accounts_session_not_before()
CREATE FUNCTION public.accounts_session_not_before() RETURNS trigger
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    NEW.not_before := (
        SELECT u.not_before FROM public.accounts_user u WHERE u.id = NEW.user_id AND NEW.created_at >= u.not_before
    );
    RETURN NEW;
END $$;


ALTER FUNCTION public.accounts_session_not_before() OWNER TO vestibule_owner;

-- FUNCTION accounts_settle_dispute()
CREATE FUNCTION public.accounts_settle_dispute() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    left_over uuid[] := ARRAY(
        SELECT id FROM public.accounts_user
        WHERE canonical_email = OLD.canonical_email AND email_verified AND address_dispute IS NOT NULL
        ORDER BY address_dispute FOR NO KEY UPDATE
    );
BEGIN
    UPDATE public.accounts_user SET address_dispute = CASE WHEN cardinality(left_over) > 1 THEN 0 END
        WHERE id = left_over[1] AND (cardinality(left_over) = 1 OR address_dispute > 0);
    RETURN NULL;
END $$;


ALTER FUNCTION public.accounts_settle_dispute() OWNER TO vestibule_owner;

-- FUNCTION accounts_user_canonical_given()
CREATE FUNCTION public.accounts_user_canonical_given() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    NEW.canonical_email := chr(1) || NEW.canonical_email;
    RETURN NEW;
END $$;


ALTER FUNCTION public.accounts_user_canonical_given() OWNER TO vestibule_owner;

-- FUNCTION accounts_user_canonical_kept()
CREATE FUNCTION public.accounts_user_canonical_kept() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    given text := NEW.canonical_email;
BEGIN
    IF starts_with(given, chr(1)) THEN
        given := substr(given, 2);
    ELSIF TG_OP = 'UPDATE' AND public.accounts_folded_address(OLD.email)
        IS DISTINCT FROM public.accounts_folded_address(NEW.email) THEN
        given := NULL;
    END IF;
    NEW.canonical_email := public.accounts_canonical(NEW.email, given);
    RETURN NEW;
END $$;


ALTER FUNCTION public.accounts_user_canonical_kept() OWNER TO vestibule_owner;

-- FUNCTION accounts_words(text[])
CREATE FUNCTION public.accounts_words(VARIADIC texts text[]) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE COST 1000 PARALLEL SAFE
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


ALTER FUNCTION public.accounts_words(VARIADIC texts text[]) OWNER TO vestibule_owner;

-- FUNCTION accounts_words_wanted(text)
CREATE FUNCTION public.accounts_words_wanted(term text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
    SELECT string_agg('''' || replace(replace(word, '\', '\\'), '''', '''''') || ''':*', ' & ')::tsquery
    FROM (
        SELECT left(regexp_replace(piece, '^[]!-/:-?[\\^_`{|}~]+|[,;]+$', '', 'g'), 64) AS word
        FROM regexp_split_to_table(public.accounts_folded_words(left(term, 320)), '\s+') AS piece LIMIT 10
    ) AS pieces WHERE word <> ''
$_$;


ALTER FUNCTION public.accounts_words_wanted(term text) OWNER TO vestibule_owner;

-- FUNCTION audit_append_seal(jsonb, bytea)
CREATE FUNCTION public.audit_append_seal(seal jsonb, digests bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    fresh public.audit_seal := jsonb_populate_record(NULL::public.audit_seal, seal);
    last public.audit_seal;
BEGIN
    SELECT * INTO last FROM public.audit_seal ORDER BY number DESC LIMIT 1;
    IF fresh.number <> coalesce(last.number, 0) + 1 OR (last.number > 0 AND fresh.previous <> last.mac) THEN
        RAISE EXCEPTION 'seal % does not follow on %', fresh.number, last.number
            USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO public.audit_seal SELECT fresh.*;
    INSERT INTO public.audit_seal_digests VALUES (fresh.number, digests);
END
$$;


ALTER FUNCTION public.audit_append_seal(seal jsonb, digests bytea) OWNER TO vestibule_owner;

-- FUNCTION audit_canonical(text, jsonb)
CREATE FUNCTION public.audit_canonical(value text, labels jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
    WITH folded (text) AS (SELECT normalize(lower(normalize(value, NFC) COLLATE "C"), NFC))
    SELECT regexp_replace(text, '[^@]*$', '') || (
        SELECT string_agg(coalesce(labels ->> label, label), '.' ORDER BY place)
        FROM string_to_table(substring(text FROM '[^@]*$'), '.') WITH ORDINALITY AS l (label, place)
    ) FROM folded
$_$;


ALTER FUNCTION public.audit_canonical(value text, labels jsonb) OWNER TO vestibule_owner;

-- FUNCTION audit_close(text)
CREATE FUNCTION public.audit_close(of_table text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    role text;
BEGIN
    FOR role IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
        WHERE c.oid = format('public.%I', of_table)::regclass
            AND a.grantee <> c.relowner AND a.privilege_type <> 'SELECT'
    LOOP
        EXECUTE format('REVOKE ALL ON public.%I FROM %s', of_table, role);
    END LOOP;
END
$$;


ALTER FUNCTION public.audit_close(of_table text) OWNER TO vestibule_owner;

-- FUNCTION audit_close_sequence(text)
CREATE FUNCTION public.audit_close_sequence(of_sequence text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    role text;
BEGIN
    FOR role IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
        WHERE c.oid = format('public.%I', of_sequence)::regclass
            AND a.grantee <> c.relowner AND a.privilege_type = 'USAGE'
    LOOP
        EXECUTE format('REVOKE ALL ON SEQUENCE public.%I FROM %s', of_sequence, role);
    END LOOP;
END
$$;


ALTER FUNCTION public.audit_close_sequence(of_sequence text) OWNER TO vestibule_owner;

-- FUNCTION audit_digest(uuid, jsonb, jsonb, inet, text)
CREATE FUNCTION public.audit_digest(salt uuid, before jsonb, after jsonb, address inet, user_agent text) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
    SELECT sha256(convert_to(jsonb_build_array(salt, before, after, host(address), user_agent)::text, 'UTF8'))
$$;


ALTER FUNCTION public.audit_digest(salt uuid, before jsonb, after jsonb, address inet, user_agent text) OWNER TO vestibule_owner;

-- FUNCTION audit_drop_empty_months()
CREATE FUNCTION public.audit_drop_empty_months() RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '5ms'
    AS $$
DECLARE
    month record;
    is_empty boolean;
BEGIN
    FOR month IN
        SELECT * FROM public.audit_months()
        WHERE upper < clock_timestamp() - make_interval(days => public.audit_floor_days())
    LOOP
        BEGIN
            EXECUTE format('LOCK TABLE ONLY public.%I IN ACCESS EXCLUSIVE MODE', month.name);
            EXECUTE format('SELECT NOT EXISTS (SELECT FROM public.%I)', month.name) INTO is_empty;
            IF is_empty THEN
                EXECUTE format('DROP TABLE public.%I', month.name);
                RETURN NEXT month.name;
            END IF;
        EXCEPTION WHEN lock_not_available THEN
            NULL; -- the next time
        END;
    END LOOP;
END
$$;


ALTER FUNCTION public.audit_drop_empty_months() OWNER TO vestibule_owner;

-- FUNCTION audit_due(text)
CREATE FUNCTION public.audit_due(tenant text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT clock_timestamp() - make_interval(days => greatest(public.audit_floor_days(), r.days))
    FROM public.audit_retention r WHERE r.tenant_id IN (coalesce(tenant, ''), '')
    ORDER BY r.tenant_id = coalesce(tenant, '') DESC LIMIT 1
$$;


ALTER FUNCTION public.audit_due(tenant text) OWNER TO vestibule_owner;

-- FUNCTION audit_erase(text, jsonb)
CREATE FUNCTION public.audit_erase(erased text, told jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    count bigint;
    has_known boolean := told ?| ARRAY['exactly', 'addresses', 'values'];
    is_self boolean := told ->> 'actor_kind' = 'person' AND told ->> 'actor_id' = erased;
BEGIN
    IF coalesce(erased, '') = '' OR coalesce(told ->> 'reason', '') = '' THEN
        RAISE EXCEPTION 'an erasure needs a person and a reason' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    WITH found AS MATERIALIZED (
        SELECT e.id, e.at FROM public.audit_entry e
        WHERE e.person = erased AND e.personal_digest IS NOT NULL
        UNION
        SELECT e.id, e.at FROM public.audit_entry e
        WHERE e.actor_id = erased AND e.actor_kind = 'person' AND e.source = 'event' AND e.personal_digest IS NOT NULL
        UNION
        SELECT e.id, e.at FROM public.audit_entry e
        WHERE e.behind_id = erased AND e.behind_kind = 'person' AND e.source = 'event' AND e.personal_digest IS NOT NULL
        UNION
        SELECT e.id, e.at
        FROM jsonb_each(coalesce(told -> 'objects', '{}')) AS o (place, keys)
        CROSS JOIN LATERAL jsonb_array_elements_text(o.keys) AS k (key)
        JOIN public.audit_entry e ON e.object_id = k.key AND e.object_table = o.place
        WHERE e.personal_digest IS NOT NULL
        UNION
        SELECT p.entry_id, p.at FROM public.audit_personal p
        WHERE has_known AND (
            EXISTS (SELECT FROM jsonb_each_text(p.after) AS v WHERE public.audit_is_theirs(v.value, told))
            OR EXISTS (SELECT FROM jsonb_each_text(p.before) AS v WHERE public.audit_is_theirs(v.value, told))
        ) AND EXISTS (
            SELECT FROM public.audit_entry e
            WHERE e.id = p.entry_id AND e.at = p.at AND (e.source = 'event' OR e.person IS NULL)
        )
    ), gone AS (
        DELETE FROM public.audit_personal p USING found f WHERE p.entry_id = f.id AND p.at = f.at RETURNING 1
    )
    SELECT count(*) INTO count FROM gone;
    PERFORM public.audit_event('person.erased', (
        told - 'objects' - 'exactly' - 'addresses' - 'labels' - 'values' - 'personal' - CASE WHEN is_self THEN ARRAY['address', 'user_agent'] ELSE '{}' END
    ) || jsonb_build_object('person', erased, 'details', jsonb_build_object('entries', count)));
    RETURN count;
END
$$;


ALTER FUNCTION public.audit_erase(erased text, told jsonb) OWNER TO vestibule_owner;

-- FUNCTION audit_event(text, jsonb)
CREATE FUNCTION public.audit_event(name text, told jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    entry_id bigint := nextval('public.audit_entry_id_seq');
    now_at timestamptz := clock_timestamp();
    kind text := coalesce(told ->> 'actor_kind', 'database');
    behind_kind text := told ->> 'behind_kind';
    address inet := told ->> 'address';
    user_agent text := told ->> 'user_agent';
    personal jsonb := told -> 'personal';
    salt uuid := CASE WHEN coalesce(address::text, user_agent, personal::text) IS NOT NULL THEN gen_random_uuid() END;
BEGIN
    IF kind NOT IN ('person', 'service', 'command', 'job', 'migration', 'database')
        OR behind_kind NOT IN ('person', 'service', 'command', 'job', 'migration') THEN
        RAISE EXCEPTION 'not a kind of actor: %', coalesce(behind_kind, kind) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF name !~ '^[a-z_]+(\.[a-z_]+)+$' THEN
        RAISE EXCEPTION 'not the name of an event: %', name USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF salt IS NOT NULL THEN
        INSERT INTO public.audit_personal (entry_id, at, salt, after, address, user_agent)
        VALUES (entry_id, now_at, salt, personal, address, user_agent);
    END IF;
    INSERT INTO public.audit_entry (
        id, at, txid, request_id, batch_id, source, action, actor_kind, actor_id, behind_kind, behind_id,
        object_table, object_id, person, tenant_id, reason, details, personal_digest
    ) OVERRIDING SYSTEM VALUE VALUES (
        entry_id, now_at, pg_current_xact_id()::text::bigint,
        (told ->> 'request_id')::uuid, (told ->> 'batch_id')::uuid, 'event', name,
        kind, CASE kind WHEN 'database' THEN session_user ELSE told ->> 'actor_id' END, behind_kind, told ->> 'behind_id',
        told ->> 'object_table', told ->> 'object_id', told ->> 'person', told ->> 'tenant_id', told ->> 'reason',
        told -> 'details',
        CASE WHEN salt IS NOT NULL THEN public.audit_digest(salt, NULL, personal, address, user_agent) END
    );
END
$_$;


ALTER FUNCTION public.audit_event(name text, told jsonb) OWNER TO vestibule_owner;

-- FUNCTION audit_floor_days()
CREATE FUNCTION public.audit_floor_days() RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT coalesce((SELECT days FROM public.audit_floor), 365)
$$;


ALTER FUNCTION public.audit_floor_days() OWNER TO vestibule_owner;

-- FUNCTION audit_forget_digests(timestamp with time zone, timestamp with time zone)
CREATE FUNCTION public.audit_forget_digests(begins timestamp with time zone, ends timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    forgotten bigint;
BEGIN
    IF ends > clock_timestamp() - make_interval(days => public.audit_floor_days())
        OR EXISTS (SELECT FROM public.audit_entry WHERE at >= begins AND at < ends) THEN
        RAISE EXCEPTION 'there are entries of this time' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('audit.removing', 'retention', true);
    DELETE FROM public.audit_seal_digests d USING public.audit_seal s
    WHERE s.number = d.number AND s.first_at >= begins AND s.last_at < ends;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    PERFORM set_config('audit.removing', '', true);
    RETURN forgotten;
END
$$;


ALTER FUNCTION public.audit_forget_digests(begins timestamp with time zone, ends timestamp with time zone) OWNER TO vestibule_owner;

-- FUNCTION audit_guard(text, text)
CREATE FUNCTION public.audit_guard(of_table text, parent text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER audit_append_only BEFORE %s ON public.%I '
        'FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse()',
        CASE parent WHEN 'audit_entry' THEN 'UPDATE OR DELETE' ELSE 'UPDATE' END, of_table
    );
    EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER audit_append_only', of_table);
END
$$;


ALTER FUNCTION public.audit_guard(of_table text, parent text) OWNER TO vestibule_owner;

-- FUNCTION audit_is_theirs(text, jsonb)
CREATE FUNCTION public.audit_is_theirs(value text, told jsonb) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF told -> 'exactly' ? value OR told -> 'values' ? lower(value) THEN
        RETURN true;
    ELSIF strpos(value, '@') = 0 THEN
        RETURN false;
    ELSIF octet_length(value) = length(value) THEN
        RETURN told -> 'addresses' ? lower(value COLLATE "C");
    END IF;
    RETURN told -> 'addresses' ? public.audit_canonical(value, coalesce(told -> 'labels', '{}'));
END
$$;


ALTER FUNCTION public.audit_is_theirs(value text, told jsonb) OWNER TO vestibule_owner;

-- FUNCTION audit_make_months(integer)
CREATE FUNCTION public.audit_make_months(ahead integer) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '200ms'
    AS $$
DECLARE
    month timestamptz;
    of_parent text;
    named text;
BEGIN
    PERFORM pg_advisory_xact_lock(x'5E5510A7'::bigint);
    FOR month IN
        SELECT generate_series(date_trunc('month', now()), now() + make_interval(months => least(ahead, 24)), '1 month')
    LOOP
        FOREACH of_parent IN ARRAY ARRAY['audit_entry', 'audit_personal'] LOOP
            CONTINUE WHEN EXISTS (
                SELECT FROM public.audit_months() m
                WHERE m.parent = of_parent AND m.lower <= month AND m.upper > month
            );
            named := of_parent || to_char(month, '_YYYY_MM');
            BEGIN
                EXECUTE format('CREATE TABLE IF NOT EXISTS public.%I (LIKE public.%I INCLUDING DEFAULTS)', named, of_parent);
                PERFORM public.audit_close(named);
                PERFORM public.audit_guard(named, of_parent);
                EXECUTE format(
                    'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                    of_parent, named, month, month + interval '1 month'
                );
                RETURN NEXT named;
            EXCEPTION WHEN check_violation OR lock_not_available OR invalid_object_definition OR wrong_object_type THEN
                RAISE WARNING 'month % was not made: %', named, SQLERRM;
            END;
        END LOOP;
    END LOOP;
END
$$;


ALTER FUNCTION public.audit_make_months(ahead integer) OWNER TO vestibule_owner;

-- FUNCTION audit_mask(text)
CREATE FUNCTION public.audit_mask(value text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT '***' || CASE WHEN length(value) >= 12 THEN right(value, 4) ELSE '' END
$$;


ALTER FUNCTION public.audit_mask(value text) OWNER TO vestibule_owner;

-- FUNCTION audit_masks(jsonb, text[])
CREATE FUNCTION public.audit_masks(j jsonb, masked text[]) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    RETURN (SELECT jsonb_object_agg(c, public.audit_mask(j ->> c)) FROM unnest(masked) AS c);
END
$$;


ALTER FUNCTION public.audit_masks(j jsonb, masked text[]) OWNER TO vestibule_owner;

-- FUNCTION audit_months()
CREATE FUNCTION public.audit_months(OUT parent text, OUT name text, OUT lower timestamp with time zone, OUT upper timestamp with time zone) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
    SELECT
        p.relname, c.relname,
        CASE WHEN bound LIKE 'FOR VALUES FROM (MINVALUE)%' THEN '-infinity'
            ELSE substring(bound FROM $r$FROM \('([^']+)$r$)::timestamptz END,
        substring(bound FROM $r$TO \('([^']+)$r$)::timestamptz
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_class p ON p.oid = i.inhparent
    CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) AS b
    WHERE i.inhparent IN ('public.audit_entry'::regclass, 'public.audit_personal'::regclass)
$_$;


ALTER FUNCTION public.audit_months(OUT parent text, OUT name text, OUT lower timestamp with time zone, OUT upper timestamp with time zone) OWNER TO vestibule_owner;

-- FUNCTION audit_note_removal(jsonb)
CREATE FUNCTION public.audit_note_removal(removal jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    INSERT INTO public.audit_removal SELECT * FROM jsonb_populate_record(NULL::public.audit_removal, removal)
$$;


ALTER FUNCTION public.audit_note_removal(removal jsonb) OWNER TO vestibule_owner;

-- FUNCTION audit_refuse()
CREATE FUNCTION public.audit_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('audit.removing', true) = 'retention' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the trail is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;


ALTER FUNCTION public.audit_refuse() OWNER TO vestibule_owner;

-- FUNCTION audit_remove_entries(bigint[], timestamp with time zone, timestamp with time zone, jsonb)
CREATE FUNCTION public.audit_remove_entries(gone bigint[], first_at timestamp with time zone, last_at timestamp with time zone, removal jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    removed bigint;
BEGIN
    PERFORM set_config('audit.removing', 'retention', true);
    DELETE FROM public.audit_entry e
    WHERE e.id = ANY (gone) AND e.at BETWEEN first_at AND last_at AND e.at < public.audit_due(e.tenant_id);
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed <> cardinality(gone) THEN
        RAISE EXCEPTION 'not all of these entries are due' USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM public.audit_personal p WHERE p.entry_id = ANY (gone) AND p.at BETWEEN first_at AND last_at;
    PERFORM set_config('audit.removing', '', true);
    PERFORM public.audit_note_removal(removal);
END
$$;


ALTER FUNCTION public.audit_remove_entries(gone bigint[], first_at timestamp with time zone, last_at timestamp with time zone, removal jsonb) OWNER TO vestibule_owner;

-- FUNCTION audit_remove_month(timestamp with time zone, jsonb)
CREATE FUNCTION public.audit_remove_month(ends timestamp with time zone, removal jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '100ms'
    AS $_$
DECLARE
    entries text;
    personal text;
    is_kept boolean;
BEGIN
    SELECT name INTO STRICT entries FROM public.audit_months() WHERE parent = 'audit_entry' AND upper = ends;
    SELECT name INTO STRICT personal FROM public.audit_months() WHERE parent = 'audit_personal' AND upper = ends;
    IF ends > coalesce(public.audit_due(NULL), '-infinity') THEN
        RAISE EXCEPTION 'this month is not due: %', entries USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM public.%I WHERE tenant_id = ANY ($1))', entries
    ) INTO is_kept USING ARRAY(SELECT tenant_id FROM public.audit_retention WHERE public.audit_due(tenant_id) < ends);
    IF is_kept THEN
        RAISE EXCEPTION 'somebody keeps entries of this month: %', entries USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM public.audit_note_removal(removal);
    EXECUTE format('TRUNCATE public.%I, public.%I', entries, personal);
END
$_$;


ALTER FUNCTION public.audit_remove_month(ends timestamp with time zone, removal jsonb) OWNER TO vestibule_owner;

-- FUNCTION audit_set_floor(integer)
CREATE FUNCTION public.audit_set_floor(to_days integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    PERFORM public.audit_event('trail.floor_set', jsonb_build_object(
        'details', jsonb_build_object('before', public.audit_floor_days(), 'days', to_days)
    ));
    INSERT INTO public.audit_floor (days) VALUES (to_days) ON CONFLICT (only_one) DO UPDATE SET days = to_days;
END
$$;


ALTER FUNCTION public.audit_set_floor(to_days integer) OWNER TO vestibule_owner;

-- FUNCTION audit_told(text)
CREATE FUNCTION public.audit_told(query text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE
        WHEN starts_with(query, '/*audit ') THEN substr(query, 9, strpos(query, '*/') - 9)::jsonb
        ELSE '{}'
    END
$$;


ALTER FUNCTION public.audit_told(query text) OWNER TO vestibule_owner;

-- FUNCTION audit_write_created_or_deleted()
CREATE FUNCTION public.audit_write_created_or_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    query text := current_query();
    told jsonb := public.audit_told(query);
    now_at timestamptz := clock_timestamp();
    request uuid := told ->> 'r';
    batch uuid := told ->> 'b';
    source text := CASE WHEN told ->> 't' = TG_TABLE_NAME THEN 'signal' ELSE 'database' END;
    kind text := coalesce(told ->> 'k', 'database');
    actor text := CASE kind WHEN 'database' THEN session_user ELSE told ->> 'a' END;
    behind_kind text := told ->> 'h';
    behind text := told ->> 'i';
    tenant text := told ->> 'n';
    keys text[] := TG_ARGV[0];
    is_new boolean := TG_OP = 'INSERT';
    action text := CASE WHEN is_new THEN 'create' ELSE 'delete' END;
BEGIN
    IF kind NOT IN ('person', 'service', 'command', 'job', 'migration', 'database')
        OR behind_kind NOT IN ('person', 'service', 'command', 'job', 'migration') THEN
        RAISE EXCEPTION 'not a kind of actor: %', coalesce(behind_kind, kind) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF TG_NARGS = 3 THEN
        INSERT INTO public.audit_entry (
            id, at, txid, request_id, batch_id, source, action, actor_kind, actor_id, behind_kind, behind_id,
            object_table, object_id, person, tenant_id, before, after
        ) OVERRIDING SYSTEM VALUE
        SELECT
            nextval('public.audit_entry_id_seq'), now_at, pg_current_xact_id()::text::bigint,
            request, batch, source, action, kind, actor, behind_kind, behind, TG_TABLE_NAME,
            concat_ws(',', j ->> keys[1], j ->> keys[2], j ->> keys[3], j ->> keys[4]),
            j ->> TG_ARGV[1], coalesce(j ->> TG_ARGV[2], tenant),
            CASE WHEN NOT is_new THEN j END, CASE WHEN is_new THEN j END
        FROM (SELECT to_jsonb(r) AS j FROM changed_rows r OFFSET 0) AS rows;
        RETURN NULL;
    END IF;
    DECLARE
        hidden jsonb := TG_ARGV[3];
        ignored text[] := TG_ARGV[4];
        masked text[] := TG_ARGV[5];
        not_personal text[] := TG_ARGV[6];
        has_masked boolean := masked <> '{}';
        has_personal boolean := not_personal <> '{}';
    BEGIN
        WITH changed AS MATERIALIZED (
            SELECT
                nextval('public.audit_entry_id_seq') AS id, j,
                (j - ignored) || hidden || CASE WHEN has_masked THEN public.audit_masks(j, masked) ELSE '{}' END
                    AS shown,
                CASE WHEN has_personal THEN j - not_personal END AS personal,
                CASE WHEN has_personal THEN gen_random_uuid() END AS salt
            FROM (SELECT to_jsonb(r) AS j FROM changed_rows r OFFSET 0) AS rows
        ), kept AS (
            INSERT INTO public.audit_personal (entry_id, at, salt, before, after)
            SELECT id, now_at, salt, CASE WHEN NOT is_new THEN personal END, CASE WHEN is_new THEN personal END
            FROM changed WHERE has_personal
        )
        INSERT INTO public.audit_entry (
            id, at, txid, request_id, batch_id, source, action, actor_kind, actor_id, behind_kind, behind_id,
            object_table, object_id, person, tenant_id, before, after, personal_digest
        ) OVERRIDING SYSTEM VALUE
        SELECT
            id, now_at, pg_current_xact_id()::text::bigint,
            request, batch, source, action, kind, actor, behind_kind, behind, TG_TABLE_NAME,
            concat_ws(',', j ->> keys[1], j ->> keys[2], j ->> keys[3], j ->> keys[4]),
            j ->> TG_ARGV[1], coalesce(j ->> TG_ARGV[2], tenant),
            CASE WHEN NOT is_new THEN shown END, CASE WHEN is_new THEN shown END,
            CASE WHEN has_personal THEN public.audit_digest(
                salt, CASE WHEN NOT is_new THEN personal END, CASE WHEN is_new THEN personal END, NULL, NULL
            ) END
        FROM changed;
    END;
    RETURN NULL;
END
$$;


ALTER FUNCTION public.audit_write_created_or_deleted() OWNER TO vestibule_owner;

-- FUNCTION audit_write_updated()
CREATE FUNCTION public.audit_write_updated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    query text := current_query();
    told jsonb := public.audit_told(query);
    now_at timestamptz := clock_timestamp();
    request uuid := told ->> 'r';
    batch uuid := told ->> 'b';
    source text := CASE WHEN told ->> 't' = TG_TABLE_NAME THEN 'signal' ELSE 'database' END;
    kind text := coalesce(told ->> 'k', 'database');
    actor text := CASE kind WHEN 'database' THEN session_user ELSE told ->> 'a' END;
    behind_kind text := told ->> 'h';
    behind text := told ->> 'i';
    tenant text := told ->> 'n';
    keys text[] := TG_ARGV[0];
BEGIN
    IF kind NOT IN ('person', 'service', 'command', 'job', 'migration', 'database')
        OR behind_kind NOT IN ('person', 'service', 'command', 'job', 'migration') THEN
        RAISE EXCEPTION 'not a kind of actor: %', coalesce(behind_kind, kind) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF TG_NARGS = 3 THEN
        INSERT INTO public.audit_entry (
            id, at, txid, request_id, batch_id, source, action, actor_kind, actor_id, behind_kind, behind_id,
            object_table, object_id, person, tenant_id, before, after
        ) OVERRIDING SYSTEM VALUE
        SELECT
            nextval('public.audit_entry_id_seq'), now_at, pg_current_xact_id()::text::bigint,
            request, batch, source, 'update', kind, actor, behind_kind, behind, TG_TABLE_NAME,
            concat_ws(',', o.j ->> keys[1], o.j ->> keys[2], o.j ->> keys[3], o.j ->> keys[4]),
            coalesce(o.j ->> TG_ARGV[1], n.j ->> TG_ARGV[1]),
            coalesce(o.j ->> TG_ARGV[2], n.j ->> TG_ARGV[2], tenant),
            d.before, d.after
        FROM (SELECT row_number() OVER () AS i, to_jsonb(r) AS j FROM old_rows r OFFSET 0) AS o
        FULL JOIN (SELECT row_number() OVER () AS i, to_jsonb(r) AS j FROM new_rows r OFFSET 0) AS n USING (i)
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(key, o.j -> key) AS before, jsonb_object_agg(key, value) AS after
            FROM jsonb_each(n.j) WHERE value IS DISTINCT FROM o.j -> key
        ) AS d
        WHERE o.j IS DISTINCT FROM n.j;
        RETURN NULL;
    END IF;
    DECLARE
        hidden jsonb := TG_ARGV[3];
        ignored text[] := TG_ARGV[4];
        masked text[] := TG_ARGV[5];
        not_personal text[] := TG_ARGV[6];
        has_personal boolean := not_personal <> '{}';
    BEGIN
        WITH changed AS MATERIALIZED (
            SELECT
                nextval('public.audit_entry_id_seq') AS id, o.j AS was, n.j AS is_now, d.*,
                CASE WHEN d.personal_after IS NOT NULL THEN gen_random_uuid() END AS salt
            FROM (SELECT row_number() OVER () AS i, to_jsonb(r) AS j FROM old_rows r OFFSET 0) AS o
            FULL JOIN (SELECT row_number() OVER () AS i, to_jsonb(r) AS j FROM new_rows r OFFSET 0) AS n USING (i)
            CROSS JOIN LATERAL (
                SELECT
                    jsonb_object_agg(key, CASE WHEN key = ANY (masked) THEN to_jsonb(public.audit_mask(o.j ->> key))
                        ELSE coalesce(hidden -> key, o.j -> key) END) AS before,
                    jsonb_object_agg(key, CASE WHEN key = ANY (masked) THEN to_jsonb(public.audit_mask(n.j ->> key))
                        ELSE coalesce(hidden -> key, value) END) AS after,
                    jsonb_object_agg(key, o.j -> key) FILTER (WHERE has_personal AND key <> ALL (not_personal))
                        AS personal_before,
                    jsonb_object_agg(key, value) FILTER (WHERE has_personal AND key <> ALL (not_personal))
                        AS personal_after
                FROM jsonb_each(n.j - ignored) WHERE value IS DISTINCT FROM o.j -> key
            ) AS d
            WHERE o.j IS DISTINCT FROM n.j AND d.after IS NOT NULL
        ), kept AS (
            INSERT INTO public.audit_personal (entry_id, at, salt, before, after)
            SELECT id, now_at, salt, personal_before, personal_after FROM changed WHERE salt IS NOT NULL
        )
        INSERT INTO public.audit_entry (
            id, at, txid, request_id, batch_id, source, action, actor_kind, actor_id, behind_kind, behind_id,
            object_table, object_id, person, tenant_id, before, after, personal_digest
        ) OVERRIDING SYSTEM VALUE
        SELECT
            id, now_at, pg_current_xact_id()::text::bigint,
            request, batch, source, 'update', kind, actor, behind_kind, behind, TG_TABLE_NAME,
            concat_ws(',', was ->> keys[1], was ->> keys[2], was ->> keys[3], was ->> keys[4]),
            coalesce(was ->> TG_ARGV[1], is_now ->> TG_ARGV[1]),
            coalesce(was ->> TG_ARGV[2], is_now ->> TG_ARGV[2], tenant),
            before, after,
            CASE WHEN salt IS NOT NULL THEN
                public.audit_digest(salt, personal_before, personal_after, NULL, NULL) END
        FROM changed;
    END;
    RETURN NULL;
END
$$;


ALTER FUNCTION public.audit_write_updated() OWNER TO vestibule_owner;

-- FUNCTION claim_rules_at_sign_in(uuid, text)
CREATE FUNCTION public.claim_rules_at_sign_in(person uuid, through text) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    found jsonb;
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    SELECT jsonb_build_object('rules', coalesce(offered.rules, '[]'), 'held', coalesce(owned.held, '[]')) INTO found
    FROM (
        SELECT jsonb_agg(jsonb_build_object(
            'id', c.id, 'tenant_id', c.tenant_id, 'role_id', c.role_id, 'claim', c.claim, 'value', c.value,
            'position', c.position
        )) AS rules
        FROM public.accounts_claimrule c JOIN public.accounts_role r ON r.id = c.role_id
        WHERE c.provider = through AND c.is_active AND (r.tenant_id IS NULL OR r.tenant_id = c.tenant_id)
    ) offered, (
        SELECT
            count(m.rule_id) AS given,
            jsonb_agg(jsonb_build_object(
                'id', m.id, 'tenant_id', m.tenant_id, 'role_id', m.role_id, 'rule_id', m.rule_id,
                'is_of_provider', coalesce(c.provider = through, false),
                'stands', coalesce(c.is_active AND c.tenant_id = m.tenant_id AND c.role_id = m.role_id, true),
                'position', coalesce(c.position, 0)
            )) AS held
        FROM public.accounts_membership m LEFT JOIN public.accounts_claimrule c ON c.id = m.rule_id
        WHERE m.user_id = person
    ) owned
    WHERE offered.rules IS NOT NULL OR owned.given > 0;
    PERFORM set_config('app.scope', outer_scope, true);
    RETURN found;
END
$$;


ALTER FUNCTION public.claim_rules_at_sign_in(person uuid, through text) OWNER TO vestibule_owner;

SET default_tablespace = '';

SET default_table_access_method = heap;

-- FUNCTION session_enter(text)
CREATE FUNCTION public.session_enter(key text) RETURNS TABLE(session public.accounts_session, person public.accounts_user, tenant_id uuid, tenant_name text, role_id bigint, role_name text, permissions text[], scopes text[], tenants bigint)
    LANGUAGE plpgsql
    AS $$
DECLARE
    is_browsers CONSTANT boolean := length(key) = 32;
    digest CONSTANT text := CASE WHEN is_browsers
        THEN left(encode(sha256(decode(key, 'escape')), 'hex'), 40) ELSE key END;
BEGIN
    SELECT * INTO session FROM public.accounts_session s
    WHERE s.session_key = digest AND s.expire_date > statement_timestamp();
    IF NOT FOUND AND is_browsers THEN
        SELECT * INTO session FROM public.accounts_session s
        WHERE s.session_key = key AND s.expire_date > statement_timestamp();
    ELSIF NOT FOUND THEN
        UPDATE public.accounts_session s SET session_key = digest
        WHERE length(s.session_key) = 32 AND s.expire_date > statement_timestamp()
            AND left(encode(sha256(decode(s.session_key, 'escape')), 'hex'), 40) COLLATE "C" = digest;
        SELECT * INTO session FROM public.accounts_session s
        WHERE s.session_key = digest AND s.expire_date > statement_timestamp();
    END IF;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO person FROM public.accounts_user u
    WHERE u.id = session.user_id AND u.is_active AND u.not_before IS NOT DISTINCT FROM session.not_before;
    IF FOUND THEN
        SELECT * INTO tenant_id, tenant_name, role_id, role_name, permissions, scopes, tenants
        FROM public.tenancy_enter(person.id, session.active_tenant);
    ELSIF session.user_id IS NOT NULL THEN
        RETURN;
    END IF;
    RETURN NEXT;
END
$$;


ALTER FUNCTION public.session_enter(key text) OWNER TO vestibule_owner;

-- FUNCTION session_limits(uuid, boolean, interval, interval)
CREATE FUNCTION public.session_limits(person uuid, remembered boolean, site_idle interval, site_life interval) RETURNS TABLE(idle interval, life interval)
    LANGUAGE plpgsql
    AS $$
DECLARE
    outer_scope text := coalesce(current_setting('app.scope', true), '');
BEGIN
    PERFORM set_config('app.scope', 'site', true);
    SELECT
        least(site_idle, min(CASE WHEN remembered THEN make_interval(days => t.remembered_idle_days)
            ELSE make_interval(mins => t.session_idle_minutes) END)),
        least(site_life, min(CASE WHEN remembered THEN make_interval(days => t.remembered_life_days)
            ELSE make_interval(hours => t.session_life_hours) END))
    INTO idle, life
    FROM public.accounts_membership m JOIN public.accounts_tenant t ON t.id = m.tenant_id WHERE m.user_id = person;
    PERFORM set_config('app.scope', outer_scope, true);
    RETURN NEXT;
END
$$;


ALTER FUNCTION public.session_limits(person uuid, remembered boolean, site_idle interval, site_life interval) OWNER TO vestibule_owner;

-- FUNCTION session_shorten()
CREATE FUNCTION public.session_shorten() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    joined uuid;
    tenant public.accounts_tenant;
BEGIN
    IF TG_TABLE_NAME = 'accounts_tenant' THEN
        tenant := NEW;
    ELSE
        joined := NEW.user_id;
        SELECT * INTO tenant FROM public.accounts_tenant t WHERE t.id = NEW.tenant_id;
    END IF;
    IF coalesce(
        tenant.session_idle_minutes, tenant.session_life_hours, tenant.remembered_idle_days,
        tenant.remembered_life_days
    ) IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE public.accounts_session s SET
        idle = least(s.idle, l.idle),
        ends_at = least(s.ends_at, s.created_at + l.life),
        expire_date = least(s.expire_date, s.last_seen_at + l.idle, s.created_at + l.life)
    FROM (
        SELECT
            h.session_key,
            CASE WHEN h.is_remembered THEN make_interval(days => tenant.remembered_idle_days)
                ELSE make_interval(mins => tenant.session_idle_minutes) END AS idle,
            CASE WHEN h.is_remembered THEN make_interval(days => tenant.remembered_life_days)
                ELSE make_interval(hours => tenant.session_life_hours) END AS life
        FROM public.accounts_session h JOIN public.accounts_membership m ON m.user_id = h.user_id
        WHERE m.tenant_id = tenant.id AND (joined IS NULL OR m.user_id = joined)
    ) l
    WHERE s.session_key = l.session_key AND coalesce(l.idle, l.life) IS NOT NULL;
    RETURN NULL;
END
$$;


ALTER FUNCTION public.session_shorten() OWNER TO vestibule_owner;

-- FUNCTION session_stands(uuid, timestamp with time zone, timestamp with time zone, bigint, text, text)
CREATE FUNCTION public.session_stands(person uuid, epoch timestamp with time zone, judged_at timestamp with time zone, by_identity bigint, of_provider text, sid text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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


ALTER FUNCTION public.session_stands(person uuid, epoch timestamp with time zone, judged_at timestamp with time zone, by_identity bigint, of_provider text, sid text) OWNER TO vestibule_owner;

-- FUNCTION tenancy_enter(uuid, uuid)
CREATE FUNCTION public.tenancy_enter(person uuid, wanted uuid) RETURNS TABLE(tenant_id uuid, tenant_name text, role_id bigint, role_name text, permissions text[], scopes text[], tenants bigint)
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    chosen record;
BEGIN
    PERFORM set_config('app.user_id', coalesce(person::text, ''), true),
        set_config('app.tenant_id', '', true), set_config('app.scope', '', true);
    SELECT m.tenant_id, m.role_id, count(*) OVER () AS tenants INTO chosen
    FROM public.accounts_membership m WHERE m.user_id = person
    ORDER BY coalesce(m.tenant_id = wanted, false) DESC, m.is_primary DESC, m.created_at, m.id LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM set_config('app.tenant_id', chosen.tenant_id::text, true);
    RETURN QUERY
    SELECT
        t.id, t.name::text, r.id, r.name::text,
        ARRAY(
            SELECT c.app_label || '.' || p.codename
            FROM public.accounts_role_permissions x
            JOIN public.auth_permission p ON p.id = x.permission_id
            JOIN public.django_content_type c ON c.id = p.content_type_id
            WHERE x.role_id = r.id
        ),
        r.scopes::text[], chosen.tenants
    FROM public.accounts_tenant t, public.accounts_role r
    WHERE t.id = chosen.tenant_id AND r.id = chosen.role_id;
END
$$;


ALTER FUNCTION public.tenancy_enter(person uuid, wanted uuid) OWNER TO vestibule_owner;

-- FUNCTION tenancy_own(uuid)
CREATE FUNCTION public.tenancy_own(person uuid) RETURNS TABLE(tenant_id uuid, tenant_name text, role_name text, is_primary boolean, created_at timestamp with time zone)
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    outer_person text := coalesce(current_setting('app.user_id', true), '');
    outer_tenant text := coalesce(current_setting('app.tenant_id', true), '');
    outer_scope text := coalesce(current_setting('app.scope', true), '');
    own record;
BEGIN
    PERFORM set_config('app.user_id', coalesce(person::text, ''), true),
        set_config('app.tenant_id', '', true), set_config('app.scope', '', true);
    FOR own IN
        SELECT m.tenant_id, m.role_id, m.is_primary, m.created_at
        FROM public.accounts_membership m WHERE m.user_id = person
    LOOP
        PERFORM set_config('app.tenant_id', own.tenant_id::text, true);
        RETURN QUERY
        SELECT t.id, t.name::text, r.name::text, own.is_primary, own.created_at
        FROM public.accounts_tenant t, public.accounts_role r
        WHERE t.id = own.tenant_id AND r.id = own.role_id;
    END LOOP;
    PERFORM set_config('app.user_id', outer_person, true),
        set_config('app.tenant_id', outer_tenant, true), set_config('app.scope', outer_scope, true);
END
$$;


ALTER FUNCTION public.tenancy_own(person uuid) OWNER TO vestibule_owner;

-- FUNCTION upstream_has_ended(text, text, text, timestamp with time zone)
CREATE FUNCTION public.upstream_has_ended(of_provider text, in_sid text, of_subject text, judged_at timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(concat_ws(E'\n', of_provider, 'sub', of_subject), 28));
    IF in_sid <> '' THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended(concat_ws(E'\n', of_provider, 'sid', in_sid), 28));
    END IF;
    RETURN EXISTS (
        SELECT FROM public.accounts_upstreamend e
        WHERE e.provider = of_provider AND e.sid = in_sid AND e.subject IN ('', of_subject) AND in_sid <> ''
    ) OR EXISTS (
        SELECT FROM public.accounts_upstreamend e
        WHERE e.provider = of_provider AND e.sid = '' AND e.subject = of_subject
            AND e.ended_at BETWEEN judged_at AND clock_timestamp() + interval '10 seconds'
    );
END $$;


ALTER FUNCTION public.upstream_has_ended(of_provider text, in_sid text, of_subject text, judged_at timestamp with time zone) OWNER TO vestibule_owner;

-- INDEX ATTACH audit_entry_MONTH__audit_entry_actor
ALTER INDEX public.audit_entry_actor ATTACH PARTITION public.audit_entry_MONTH__audit_entry_actor;

-- INDEX ATTACH audit_entry_MONTH__audit_entry_batch
ALTER INDEX public.audit_entry_batch ATTACH PARTITION public.audit_entry_MONTH__audit_entry_batch;

-- INDEX ATTACH audit_entry_MONTH__audit_entry_event
ALTER INDEX public.audit_entry_event ATTACH PARTITION public.audit_entry_MONTH__audit_entry_event;

-- INDEX ATTACH audit_entry_MONTH__audit_entry_object
ALTER INDEX public.audit_entry_object ATTACH PARTITION public.audit_entry_MONTH__audit_entry_object;

-- INDEX ATTACH audit_entry_MONTH__audit_entry_person
ALTER INDEX public.audit_entry_person ATTACH PARTITION public.audit_entry_MONTH__audit_entry_person;

-- INDEX ATTACH audit_entry_MONTH__audit_entry_pkey
ALTER INDEX public.audit_entry_pkey ATTACH PARTITION public.audit_entry_MONTH__audit_entry_pkey;

-- INDEX ATTACH audit_entry_MONTH__audit_entry_reference
ALTER INDEX public.audit_entry_reference ATTACH PARTITION public.audit_entry_MONTH__audit_entry_reference;

-- INDEX ATTACH audit_entry_MONTH__audit_entry_request
ALTER INDEX public.audit_entry_request ATTACH PARTITION public.audit_entry_MONTH__audit_entry_request;

-- INDEX ATTACH audit_entry_MONTH__audit_entry_table
ALTER INDEX public.audit_entry_table ATTACH PARTITION public.audit_entry_MONTH__audit_entry_table;

-- INDEX ATTACH audit_entry_MONTH__audit_entry_tenant
ALTER INDEX public.audit_entry_tenant ATTACH PARTITION public.audit_entry_MONTH__audit_entry_tenant;

-- INDEX ATTACH audit_entry_MONTH__audit_entry_txid
ALTER INDEX public.audit_entry_txid ATTACH PARTITION public.audit_entry_MONTH__audit_entry_txid;

-- INDEX ATTACH audit_entry_until_MONTH__audit_entry_actor
ALTER INDEX public.audit_entry_actor ATTACH PARTITION public.audit_entry_until_MONTH__audit_entry_actor;

-- INDEX ATTACH audit_entry_until_MONTH__audit_entry_batch
ALTER INDEX public.audit_entry_batch ATTACH PARTITION public.audit_entry_until_MONTH__audit_entry_batch;

-- INDEX ATTACH audit_entry_until_MONTH__audit_entry_event
ALTER INDEX public.audit_entry_event ATTACH PARTITION public.audit_entry_until_MONTH__audit_entry_event;

-- INDEX ATTACH audit_entry_until_MONTH__audit_entry_object
ALTER INDEX public.audit_entry_object ATTACH PARTITION public.audit_entry_until_MONTH__audit_entry_object;

-- INDEX ATTACH audit_entry_until_MONTH__audit_entry_person
ALTER INDEX public.audit_entry_person ATTACH PARTITION public.audit_entry_until_MONTH__audit_entry_person;

-- INDEX ATTACH audit_entry_until_MONTH__audit_entry_pkey
ALTER INDEX public.audit_entry_pkey ATTACH PARTITION public.audit_entry_until_MONTH__audit_entry_pkey;

-- INDEX ATTACH audit_entry_until_MONTH__audit_entry_reference
ALTER INDEX public.audit_entry_reference ATTACH PARTITION public.audit_entry_until_MONTH__audit_entry_reference;

-- INDEX ATTACH audit_entry_until_MONTH__audit_entry_request
ALTER INDEX public.audit_entry_request ATTACH PARTITION public.audit_entry_until_MONTH__audit_entry_request;

-- INDEX ATTACH audit_entry_until_MONTH__audit_entry_table
ALTER INDEX public.audit_entry_table ATTACH PARTITION public.audit_entry_until_MONTH__audit_entry_table;

-- INDEX ATTACH audit_entry_until_MONTH__audit_entry_tenant
ALTER INDEX public.audit_entry_tenant ATTACH PARTITION public.audit_entry_until_MONTH__audit_entry_tenant;

-- INDEX ATTACH audit_entry_until_MONTH__audit_entry_txid
ALTER INDEX public.audit_entry_txid ATTACH PARTITION public.audit_entry_until_MONTH__audit_entry_txid;

-- INDEX ATTACH audit_entry_without_month__audit_entry_actor
ALTER INDEX public.audit_entry_actor ATTACH PARTITION public.audit_entry_without_month__audit_entry_actor;

-- INDEX ATTACH audit_entry_without_month__audit_entry_batch
ALTER INDEX public.audit_entry_batch ATTACH PARTITION public.audit_entry_without_month__audit_entry_batch;

-- INDEX ATTACH audit_entry_without_month__audit_entry_event
ALTER INDEX public.audit_entry_event ATTACH PARTITION public.audit_entry_without_month__audit_entry_event;

-- INDEX ATTACH audit_entry_without_month__audit_entry_object
ALTER INDEX public.audit_entry_object ATTACH PARTITION public.audit_entry_without_month__audit_entry_object;

-- INDEX ATTACH audit_entry_without_month__audit_entry_person
ALTER INDEX public.audit_entry_person ATTACH PARTITION public.audit_entry_without_month__audit_entry_person;

-- INDEX ATTACH audit_entry_without_month__audit_entry_pkey
ALTER INDEX public.audit_entry_pkey ATTACH PARTITION public.audit_entry_without_month__audit_entry_pkey;

-- INDEX ATTACH audit_entry_without_month__audit_entry_reference
ALTER INDEX public.audit_entry_reference ATTACH PARTITION public.audit_entry_without_month__audit_entry_reference;

-- INDEX ATTACH audit_entry_without_month__audit_entry_request
ALTER INDEX public.audit_entry_request ATTACH PARTITION public.audit_entry_without_month__audit_entry_request;

-- INDEX ATTACH audit_entry_without_month__audit_entry_table
ALTER INDEX public.audit_entry_table ATTACH PARTITION public.audit_entry_without_month__audit_entry_table;

-- INDEX ATTACH audit_entry_without_month__audit_entry_tenant
ALTER INDEX public.audit_entry_tenant ATTACH PARTITION public.audit_entry_without_month__audit_entry_tenant;

-- INDEX ATTACH audit_entry_without_month__audit_entry_txid
ALTER INDEX public.audit_entry_txid ATTACH PARTITION public.audit_entry_without_month__audit_entry_txid;

-- INDEX ATTACH audit_personal_MONTH__audit_personal_address
ALTER INDEX public.audit_personal_address ATTACH PARTITION public.audit_personal_MONTH__audit_personal_address;

-- INDEX ATTACH audit_personal_MONTH__audit_personal_pkey
ALTER INDEX public.audit_personal_pkey ATTACH PARTITION public.audit_personal_MONTH__audit_personal_pkey;

-- INDEX ATTACH audit_personal_until_MONTH__audit_personal_address
ALTER INDEX public.audit_personal_address ATTACH PARTITION public.audit_personal_until_MONTH__audit_personal_address;

-- INDEX ATTACH audit_personal_until_MONTH__audit_personal_pkey
ALTER INDEX public.audit_personal_pkey ATTACH PARTITION public.audit_personal_until_MONTH__audit_personal_pkey;

-- INDEX ATTACH audit_personal_without_month__audit_personal_address
ALTER INDEX public.audit_personal_address ATTACH PARTITION public.audit_personal_without_month__audit_personal_address;

-- INDEX ATTACH audit_personal_without_month__audit_personal_pkey
ALTER INDEX public.audit_personal_pkey ATTACH PARTITION public.audit_personal_without_month__audit_personal_pkey;

-- INDEX account_emailaddress_email_03be32b2
CREATE INDEX account_emailaddress_email_03be32b2 ON public.account_emailaddress USING btree (email);

-- INDEX account_emailaddress_email_03be32b2_like
CREATE INDEX account_emailaddress_email_03be32b2_like ON public.account_emailaddress USING btree (email varchar_pattern_ops);

-- INDEX account_emailaddress_user_id_2c513194
CREATE INDEX account_emailaddress_user_id_2c513194 ON public.account_emailaddress USING btree (user_id);

-- INDEX account_emailconfirmation_email_address_id_5b7f8c58
CREATE INDEX account_emailconfirmation_email_address_id_5b7f8c58 ON public.account_emailconfirmation USING btree (email_address_id);

-- INDEX account_emailconfirmation_key_f43612bd_like
CREATE INDEX account_emailconfirmation_key_f43612bd_like ON public.account_emailconfirmation USING btree (key varchar_pattern_ops);

-- INDEX accounts_bulkaction_user_id_f0048c2f
CREATE INDEX accounts_bulkaction_user_id_f0048c2f ON public.accounts_bulkaction USING btree (user_id);

-- INDEX accounts_claimrule_role_id_550e1804
CREATE INDEX accounts_claimrule_role_id_550e1804 ON public.accounts_claimrule USING btree (role_id);

-- INDEX accounts_claimrule_tenant_id_ba093575
CREATE INDEX accounts_claimrule_tenant_id_ba093575 ON public.accounts_claimrule USING btree (tenant_id);

-- INDEX accounts_cutoff_user_id_8e08db61
CREATE INDEX accounts_cutoff_user_id_8e08db61 ON public.accounts_cutoff USING btree (user_id);

-- INDEX accounts_delivery_tenant_id_b3866dd7
CREATE INDEX accounts_delivery_tenant_id_b3866dd7 ON public.accounts_delivery USING btree (tenant_id);

-- INDEX accounts_delivery_webhook_id_9b274ae8
CREATE INDEX accounts_delivery_webhook_id_9b274ae8 ON public.accounts_delivery USING btree (webhook_id);

-- INDEX accounts_errand_expires_at_c594e9fc
CREATE INDEX accounts_errand_expires_at_c594e9fc ON public.accounts_errand USING btree (expires_at);

-- INDEX accounts_identity_user_id_f7ddf146
CREATE INDEX accounts_identity_user_id_f7ddf146 ON public.accounts_identity USING btree (user_id);

-- INDEX accounts_invitation_accepted_by_id_ba632539
CREATE INDEX accounts_invitation_accepted_by_id_ba632539 ON public.accounts_invitation USING btree (accepted_by_id);

-- INDEX accounts_invitation_invited_by_id_94a21efc
CREATE INDEX accounts_invitation_invited_by_id_94a21efc ON public.accounts_invitation USING btree (invited_by_id);

-- INDEX accounts_invitation_role_id_6e595326
CREATE INDEX accounts_invitation_role_id_6e595326 ON public.accounts_invitation USING btree (role_id);

-- INDEX accounts_invitation_tenant_id_3b426b19
CREATE INDEX accounts_invitation_tenant_id_3b426b19 ON public.accounts_invitation USING btree (tenant_id);

-- INDEX accounts_mailedcode_expires_at_85ca3652
CREATE INDEX accounts_mailedcode_expires_at_85ca3652 ON public.accounts_mailedcode USING btree (expires_at);

-- INDEX accounts_mailedcode_user_id_dcd87342
CREATE INDEX accounts_mailedcode_user_id_dcd87342 ON public.accounts_mailedcode USING btree (user_id);

-- INDEX accounts_mailedlink_digest_0e576c89_like
CREATE INDEX accounts_mailedlink_digest_0e576c89_like ON public.accounts_mailedlink USING btree (digest varchar_pattern_ops);

-- INDEX accounts_mailedlink_expires_at_d4c91f90
CREATE INDEX accounts_mailedlink_expires_at_d4c91f90 ON public.accounts_mailedlink USING btree (expires_at);

-- INDEX accounts_mailedlink_user_id_6154414a
CREATE INDEX accounts_mailedlink_user_id_6154414a ON public.accounts_mailedlink USING btree (user_id);

-- INDEX accounts_membership_role_id_735b62ea
CREATE INDEX accounts_membership_role_id_735b62ea ON public.accounts_membership USING btree (role_id);

-- INDEX accounts_membership_tenant_id_be1e9f15
CREATE INDEX accounts_membership_tenant_id_be1e9f15 ON public.accounts_membership USING btree (tenant_id);

-- INDEX accounts_membership_user_id_487fb39e
CREATE INDEX accounts_membership_user_id_487fb39e ON public.accounts_membership USING btree (user_id);

-- INDEX accounts_role_permissions_permission_id_76fe677d
CREATE INDEX accounts_role_permissions_permission_id_76fe677d ON public.accounts_role_permissions USING btree (permission_id);

-- INDEX accounts_role_permissions_role_id_54f107a6
CREATE INDEX accounts_role_permissions_role_id_54f107a6 ON public.accounts_role_permissions USING btree (role_id);

-- INDEX accounts_role_tenant_id_a24ef05b
CREATE INDEX accounts_role_tenant_id_a24ef05b ON public.accounts_role USING btree (tenant_id);

-- INDEX accounts_session_expire_date_5bbfba7c
CREATE INDEX accounts_session_expire_date_5bbfba7c ON public.accounts_session USING btree (expire_date);

-- INDEX accounts_session_session_key_b186966f_like
CREATE INDEX accounts_session_session_key_b186966f_like ON public.accounts_session USING btree (session_key varchar_pattern_ops);

-- INDEX accounts_session_user_id_d5aaed01
CREATE INDEX accounts_session_user_id_d5aaed01 ON public.accounts_session USING btree (user_id);

-- INDEX accounts_tenant_slug_b48b18a8_like
CREATE INDEX accounts_tenant_slug_b48b18a8_like ON public.accounts_tenant USING btree (slug varchar_pattern_ops);

-- INDEX accounts_upstreamend_expires_at_ddebdb07
CREATE INDEX accounts_upstreamend_expires_at_ddebdb07 ON public.accounts_upstreamend USING btree (expires_at);

-- INDEX accounts_usedproof_digest_b151b6ac_like
CREATE INDEX accounts_usedproof_digest_b151b6ac_like ON public.accounts_usedproof USING btree (digest varchar_pattern_ops);

-- INDEX accounts_usedproof_expires_at_8115f3d4
CREATE INDEX accounts_usedproof_expires_at_8115f3d4 ON public.accounts_usedproof USING btree (expires_at);

-- INDEX accounts_user_groups_group_id_bd11a704
CREATE INDEX accounts_user_groups_group_id_bd11a704 ON public.accounts_user_groups USING btree (group_id);

-- INDEX accounts_user_groups_user_id_52b62117
CREATE INDEX accounts_user_groups_user_id_52b62117 ON public.accounts_user_groups USING btree (user_id);

-- INDEX accounts_user_user_permissions_permission_id_113bb443
CREATE INDEX accounts_user_user_permissions_permission_id_113bb443 ON public.accounts_user_user_permissions USING btree (permission_id);

-- INDEX accounts_user_user_permissions_user_id_e4f0a161
CREATE INDEX accounts_user_user_permissions_user_id_e4f0a161 ON public.accounts_user_user_permissions USING btree (user_id);

-- INDEX accounts_user_username_6088629e_like
CREATE INDEX accounts_user_username_6088629e_like ON public.accounts_user USING btree (username varchar_pattern_ops);

-- INDEX accounts_webhook_created_by_id_3172f000
CREATE INDEX accounts_webhook_created_by_id_3172f000 ON public.accounts_webhook USING btree (created_by_id);

-- INDEX accounts_webhook_tenant_id_45ed1cf9
CREATE INDEX accounts_webhook_tenant_id_45ed1cf9 ON public.accounts_webhook USING btree (tenant_id);

-- INDEX audit_entry_MONTH__audit_entry_actor
CREATE INDEX audit_entry_MONTH__audit_entry_actor ON public.audit_entry_MONTH USING btree (actor_id, id);

-- INDEX audit_entry_MONTH__audit_entry_batch
CREATE INDEX audit_entry_MONTH__audit_entry_batch ON public.audit_entry_MONTH USING btree (batch_id, id) WHERE (batch_id IS NOT NULL);

-- INDEX audit_entry_MONTH__audit_entry_event
CREATE INDEX audit_entry_MONTH__audit_entry_event ON public.audit_entry_MONTH USING btree (action, id) WHERE (source = 'event'::text);

-- INDEX audit_entry_MONTH__audit_entry_object
CREATE INDEX audit_entry_MONTH__audit_entry_object ON public.audit_entry_MONTH USING btree (object_id, object_table, id);

-- INDEX audit_entry_MONTH__audit_entry_person
CREATE INDEX audit_entry_MONTH__audit_entry_person ON public.audit_entry_MONTH USING btree (person, id) WHERE (person IS NOT NULL);

-- INDEX audit_entry_MONTH__audit_entry_reference
CREATE INDEX audit_entry_MONTH__audit_entry_reference ON public.audit_entry_MONTH USING btree (((details ->> 'reference'::text)), id) WHERE (details ? 'reference'::text);

-- INDEX audit_entry_MONTH__audit_entry_request
CREATE INDEX audit_entry_MONTH__audit_entry_request ON public.audit_entry_MONTH USING btree (request_id) WHERE (request_id IS NOT NULL);

-- INDEX audit_entry_MONTH__audit_entry_table
CREATE INDEX audit_entry_MONTH__audit_entry_table ON public.audit_entry_MONTH USING btree (object_table, id) WHERE (object_table IS NOT NULL);

-- INDEX audit_entry_MONTH__audit_entry_tenant
CREATE INDEX audit_entry_MONTH__audit_entry_tenant ON public.audit_entry_MONTH USING btree (tenant_id, id) WHERE (tenant_id IS NOT NULL);

-- INDEX audit_entry_MONTH__audit_entry_txid
CREATE INDEX audit_entry_MONTH__audit_entry_txid ON public.audit_entry_MONTH USING btree (txid, id);

-- INDEX audit_entry_actor
CREATE INDEX audit_entry_actor ON ONLY public.audit_entry USING btree (actor_id, id);

-- INDEX audit_entry_batch
CREATE INDEX audit_entry_batch ON ONLY public.audit_entry USING btree (batch_id, id) WHERE (batch_id IS NOT NULL);

-- INDEX audit_entry_event
CREATE INDEX audit_entry_event ON ONLY public.audit_entry USING btree (action, id) WHERE (source = 'event'::text);

-- INDEX audit_entry_object
CREATE INDEX audit_entry_object ON ONLY public.audit_entry USING btree (object_id, object_table, id);

-- INDEX audit_entry_person
CREATE INDEX audit_entry_person ON ONLY public.audit_entry USING btree (person, id) WHERE (person IS NOT NULL);

-- INDEX audit_entry_reference
CREATE INDEX audit_entry_reference ON ONLY public.audit_entry USING btree (((details ->> 'reference'::text)), id) WHERE (details ? 'reference'::text);

-- INDEX audit_entry_request
CREATE INDEX audit_entry_request ON ONLY public.audit_entry USING btree (request_id) WHERE (request_id IS NOT NULL);

-- INDEX audit_entry_table
CREATE INDEX audit_entry_table ON ONLY public.audit_entry USING btree (object_table, id) WHERE (object_table IS NOT NULL);

-- INDEX audit_entry_tenant
CREATE INDEX audit_entry_tenant ON ONLY public.audit_entry USING btree (tenant_id, id) WHERE (tenant_id IS NOT NULL);

-- INDEX audit_entry_txid
CREATE INDEX audit_entry_txid ON ONLY public.audit_entry USING btree (txid, id);

-- INDEX audit_entry_until_MONTH__audit_entry_actor
CREATE INDEX audit_entry_until_MONTH__audit_entry_actor ON public.audit_entry_until_MONTH USING btree (actor_id, id);

-- INDEX audit_entry_until_MONTH__audit_entry_batch
CREATE INDEX audit_entry_until_MONTH__audit_entry_batch ON public.audit_entry_until_MONTH USING btree (batch_id, id) WHERE (batch_id IS NOT NULL);

-- INDEX audit_entry_until_MONTH__audit_entry_event
CREATE INDEX audit_entry_until_MONTH__audit_entry_event ON public.audit_entry_until_MONTH USING btree (action, id) WHERE (source = 'event'::text);

-- INDEX audit_entry_until_MONTH__audit_entry_object
CREATE INDEX audit_entry_until_MONTH__audit_entry_object ON public.audit_entry_until_MONTH USING btree (object_id, object_table, id);

-- INDEX audit_entry_until_MONTH__audit_entry_person
CREATE INDEX audit_entry_until_MONTH__audit_entry_person ON public.audit_entry_until_MONTH USING btree (person, id) WHERE (person IS NOT NULL);

-- INDEX audit_entry_until_MONTH__audit_entry_reference
CREATE INDEX audit_entry_until_MONTH__audit_entry_reference ON public.audit_entry_until_MONTH USING btree (((details ->> 'reference'::text)), id) WHERE (details ? 'reference'::text);

-- INDEX audit_entry_until_MONTH__audit_entry_request
CREATE INDEX audit_entry_until_MONTH__audit_entry_request ON public.audit_entry_until_MONTH USING btree (request_id) WHERE (request_id IS NOT NULL);

-- INDEX audit_entry_until_MONTH__audit_entry_table
CREATE INDEX audit_entry_until_MONTH__audit_entry_table ON public.audit_entry_until_MONTH USING btree (object_table, id) WHERE (object_table IS NOT NULL);

-- INDEX audit_entry_until_MONTH__audit_entry_tenant
CREATE INDEX audit_entry_until_MONTH__audit_entry_tenant ON public.audit_entry_until_MONTH USING btree (tenant_id, id) WHERE (tenant_id IS NOT NULL);

-- INDEX audit_entry_until_MONTH__audit_entry_txid
CREATE INDEX audit_entry_until_MONTH__audit_entry_txid ON public.audit_entry_until_MONTH USING btree (txid, id);

-- INDEX audit_entry_without_month__audit_entry_actor
CREATE INDEX audit_entry_without_month__audit_entry_actor ON public.audit_entry_without_month USING btree (actor_id, id);

-- INDEX audit_entry_without_month__audit_entry_batch
CREATE INDEX audit_entry_without_month__audit_entry_batch ON public.audit_entry_without_month USING btree (batch_id, id) WHERE (batch_id IS NOT NULL);

-- INDEX audit_entry_without_month__audit_entry_event
CREATE INDEX audit_entry_without_month__audit_entry_event ON public.audit_entry_without_month USING btree (action, id) WHERE (source = 'event'::text);

-- INDEX audit_entry_without_month__audit_entry_object
CREATE INDEX audit_entry_without_month__audit_entry_object ON public.audit_entry_without_month USING btree (object_id, object_table, id);

-- INDEX audit_entry_without_month__audit_entry_person
CREATE INDEX audit_entry_without_month__audit_entry_person ON public.audit_entry_without_month USING btree (person, id) WHERE (person IS NOT NULL);

-- INDEX audit_entry_without_month__audit_entry_reference
CREATE INDEX audit_entry_without_month__audit_entry_reference ON public.audit_entry_without_month USING btree (((details ->> 'reference'::text)), id) WHERE (details ? 'reference'::text);

-- INDEX audit_entry_without_month__audit_entry_request
CREATE INDEX audit_entry_without_month__audit_entry_request ON public.audit_entry_without_month USING btree (request_id) WHERE (request_id IS NOT NULL);

-- INDEX audit_entry_without_month__audit_entry_table
CREATE INDEX audit_entry_without_month__audit_entry_table ON public.audit_entry_without_month USING btree (object_table, id) WHERE (object_table IS NOT NULL);

-- INDEX audit_entry_without_month__audit_entry_tenant
CREATE INDEX audit_entry_without_month__audit_entry_tenant ON public.audit_entry_without_month USING btree (tenant_id, id) WHERE (tenant_id IS NOT NULL);

-- INDEX audit_entry_without_month__audit_entry_txid
CREATE INDEX audit_entry_without_month__audit_entry_txid ON public.audit_entry_without_month USING btree (txid, id);

-- INDEX audit_personal_MONTH__audit_personal_address
CREATE INDEX audit_personal_MONTH__audit_personal_address ON public.audit_personal_MONTH USING btree (address, entry_id) WHERE (address IS NOT NULL);

-- INDEX audit_personal_address
CREATE INDEX audit_personal_address ON ONLY public.audit_personal USING btree (address, entry_id) WHERE (address IS NOT NULL);

-- INDEX audit_personal_until_MONTH__audit_personal_address
CREATE INDEX audit_personal_until_MONTH__audit_personal_address ON public.audit_personal_until_MONTH USING btree (address, entry_id) WHERE (address IS NOT NULL);

-- INDEX audit_personal_without_month__audit_personal_address
CREATE INDEX audit_personal_without_month__audit_personal_address ON public.audit_personal_without_month USING btree (address, entry_id) WHERE (address IS NOT NULL);

-- INDEX audit_removal_first
CREATE INDEX audit_removal_first ON public.audit_removal USING btree (first_id);

-- INDEX audit_seal_carried
CREATE INDEX audit_seal_carried ON public.audit_seal USING btree (number) WHERE carried;

-- INDEX audit_seal_first
CREATE INDEX audit_seal_first ON public.audit_seal USING btree (first_id);

-- INDEX audit_seal_last
CREATE INDEX audit_seal_last ON public.audit_seal USING btree (last_id);

-- INDEX auth_group_name_a6ea08ec_like
CREATE INDEX auth_group_name_a6ea08ec_like ON public.auth_group USING btree (name varchar_pattern_ops);

-- INDEX auth_group_permissions_group_id_b120cbf9
CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON public.auth_group_permissions USING btree (group_id);

-- INDEX auth_group_permissions_permission_id_84c5c92e
CREATE INDEX auth_group_permissions_permission_id_84c5c92e ON public.auth_group_permissions USING btree (permission_id);

-- INDEX auth_permission_content_type_id_2f476e4b
CREATE INDEX auth_permission_content_type_id_2f476e4b ON public.auth_permission USING btree (content_type_id);

-- INDEX bulk_action_at_work
CREATE INDEX bulk_action_at_work ON public.accounts_bulkaction USING btree (moved_at) WHERE ((state)::text = ANY ((ARRAY['counting'::character varying, 'running'::character varying])::text[]));

-- INDEX bulk_action_of_user
CREATE INDEX bulk_action_of_user ON public.accounts_bulkaction USING btree (user_id, created_at);

-- INDEX cut_off_of_user
CREATE INDEX cut_off_of_user ON public.accounts_cutoff USING btree (user_id, created_at);

-- INDEX cut_off_unconfirmed
CREATE INDEX cut_off_unconfirmed ON public.accounts_cutoff USING btree (created_at) WHERE (confirmed_at IS NULL);

-- INDEX delivery_due
CREATE INDEX delivery_due ON public.accounts_delivery USING btree (webhook_id, next_try_at, id);

-- INDEX django_admin_log_content_type_id_c4bce8eb
CREATE INDEX django_admin_log_content_type_id_c4bce8eb ON public.django_admin_log USING btree (content_type_id);

-- INDEX django_admin_log_user_id_c564eba6
CREATE INDEX django_admin_log_user_id_c564eba6 ON public.django_admin_log USING btree (user_id);

-- INDEX errand_to_be_done
CREATE INDEX errand_to_be_done ON public.accounts_errand USING btree (next_try_at) WHERE (next_try_at IS NOT NULL);

-- INDEX identity_provider
CREATE INDEX identity_provider ON public.accounts_identity USING btree (provider, id);

-- INDEX identity_subject
CREATE INDEX identity_subject ON public.accounts_identity USING btree (subject);

-- INDEX invitation_expiry
CREATE INDEX invitation_expiry ON public.accounts_invitation USING btree (expires_at);

-- INDEX invitation_newest
CREATE INDEX invitation_newest ON public.accounts_invitation USING btree (created_at);

-- INDEX invitation_of_tenant
CREATE INDEX invitation_of_tenant ON public.accounts_invitation USING btree (tenant_id, created_at);

-- INDEX invitation_undecided_unique
CREATE UNIQUE INDEX invitation_undecided_unique ON public.accounts_invitation USING btree (tenant_id, canonical_email) WHERE ((accepted_at IS NULL) AND (revoked_at IS NULL));

-- INDEX leaving_due
CREATE INDEX leaving_due ON public.providers_leaving USING btree (next_try_at) WHERE (next_try_at IS NOT NULL);

-- INDEX leaving_expires
CREATE INDEX leaving_expires ON public.providers_leaving USING btree (expires_at) WHERE (expires_at IS NOT NULL);

-- INDEX membership_given_by_rule
CREATE INDEX membership_given_by_rule ON public.accounts_membership USING btree (rule_id) WHERE (rule_id IS NOT NULL);

-- INDEX membership_newest
CREATE INDEX membership_newest ON public.accounts_membership USING btree (tenant_id, id);

-- INDEX membership_of_tenant
CREATE INDEX membership_of_tenant ON public.accounts_membership USING btree (tenant_id, role_id, user_id);

-- INDEX membership_primary_unique
CREATE UNIQUE INDEX membership_primary_unique ON public.accounts_membership USING btree (user_id) WHERE is_primary;

-- INDEX mfa_authenticator_user_id_0c3a50c0
CREATE INDEX mfa_authenticator_user_id_0c3a50c0 ON public.mfa_authenticator USING btree (user_id);

-- INDEX providers_heardlogout_digest_f7e27853_like
CREATE INDEX providers_heardlogout_digest_f7e27853_like ON public.providers_heardlogout USING btree (digest varchar_pattern_ops);

-- INDEX providers_heardlogout_expires_at_c39955b0
CREATE INDEX providers_heardlogout_expires_at_c39955b0 ON public.providers_heardlogout USING btree (expires_at);

-- INDEX providers_refusedidentity_account_a1e263ac
CREATE INDEX providers_refusedidentity_account_a1e263ac ON public.providers_refusedidentity USING btree (account);

-- INDEX providers_refusedidentity_expires_at_911d21bd
CREATE INDEX providers_refusedidentity_expires_at_911d21bd ON public.providers_refusedidentity USING btree (expires_at);

-- INDEX providers_refusedidentity_reference_6e464d89
CREATE INDEX providers_refusedidentity_reference_6e464d89 ON public.providers_refusedidentity USING btree (reference);

-- INDEX providers_refusedidentity_reference_6e464d89_like
CREATE INDEX providers_refusedidentity_reference_6e464d89_like ON public.providers_refusedidentity USING btree (reference varchar_pattern_ops);

-- INDEX refusedidentity_address
CREATE INDEX refusedidentity_address ON public.providers_refusedidentity USING btree (canonical_email);

-- INDEX session_address
CREATE INDEX session_address ON public.accounts_session USING btree (address);

-- INDEX session_created
CREATE INDEX session_created ON public.accounts_session USING btree (created_at);

-- INDEX session_follows
CREATE INDEX session_follows ON public.accounts_session USING gin (upstream_sessions jsonb_path_ops) WHERE (NOT (upstream_sessions = '[]'::jsonb));

-- INDEX session_of_upstream_sid
CREATE INDEX session_of_upstream_sid ON public.accounts_session USING btree (upstream_sid) WHERE (NOT ((upstream_sid)::text = ''::text));

-- INDEX session_under_browsers_key
CREATE INDEX session_under_browsers_key ON public.accounts_session USING btree ("left"(encode(sha256(decode((session_key)::text, 'escape'::text)), 'hex'::text), 40) COLLATE "C") WHERE (length((session_key)::text) = 32);

-- INDEX session_waiting_for
CREATE INDEX session_waiting_for ON public.accounts_session USING btree (waiting_for_id) WHERE (waiting_for_id IS NOT NULL);

-- INDEX socialaccount_socialaccount_user_id_8146e70c
CREATE INDEX socialaccount_socialaccount_user_id_8146e70c ON public.socialaccount_socialaccount USING btree (user_id);

-- INDEX socialaccount_socialtoken_account_id_951f210e
CREATE INDEX socialaccount_socialtoken_account_id_951f210e ON public.socialaccount_socialtoken USING btree (account_id);

-- INDEX socialaccount_socialtoken_app_id_636a42d7
CREATE INDEX socialaccount_socialtoken_app_id_636a42d7 ON public.socialaccount_socialtoken USING btree (app_id);

-- INDEX tenant_by_name
CREATE INDEX tenant_by_name ON public.accounts_tenant USING btree (name, id);

-- INDEX tokens_of_sessions_by_age
CREATE INDEX tokens_of_sessions_by_age ON public.providers_upstreamtokens USING btree (given_at, id) WHERE (NOT ((sid)::text = ''::text));

-- INDEX unique_authenticator_type
CREATE UNIQUE INDEX unique_authenticator_type ON public.mfa_authenticator USING btree (user_id, type) WHERE ((type)::text = ANY ((ARRAY['totp'::character varying, 'recovery_codes'::character varying])::text[]));

-- INDEX unique_primary_email
CREATE UNIQUE INDEX unique_primary_email ON public.account_emailaddress USING btree (user_id, "primary") WHERE "primary";

-- INDEX unique_verified_email
CREATE UNIQUE INDEX unique_verified_email ON public.account_emailaddress USING btree (email) WHERE verified;

-- INDEX upstream_end_named
CREATE INDEX upstream_end_named ON public.accounts_upstreamend USING btree (provider, sid, subject);

-- INDEX user_active_superuser
CREATE INDEX user_active_superuser ON public.accounts_user USING btree (id) WHERE (is_active AND is_superuser);

-- INDEX user_address_dispute
CREATE INDEX user_address_dispute ON public.accounts_user USING btree (created_at, id) WHERE (address_dispute IS NOT NULL);

-- INDEX user_by_address
CREATE INDEX user_by_address ON public.accounts_user USING btree (COALESCE(canonical_email, email, ''::character varying), id);

-- INDEX user_by_name
CREATE INDEX user_by_name ON public.accounts_user USING btree (upper((name)::text) COLLATE "C", id);

-- INDEX user_by_word
CREATE INDEX user_by_word ON public.accounts_user USING gin (public.accounts_words(VARIADIC ARRAY[(name)::text, (email)::text, (canonical_email)::text, (username)::text]));

-- INDEX user_email_canonical
CREATE INDEX user_email_canonical ON public.accounts_user USING btree (canonical_email);

-- INDEX user_inactive
CREATE INDEX user_inactive ON public.accounts_user USING btree (created_at, id) WHERE (NOT is_active);

-- INDEX user_newest
CREATE INDEX user_newest ON public.accounts_user USING btree (created_at, id);

-- INDEX user_staff
CREATE INDEX user_staff ON public.accounts_user USING btree (created_at, id) WHERE is_staff;

-- INDEX user_superuser
CREATE INDEX user_superuser ON public.accounts_user USING btree (created_at, id) WHERE is_superuser;

-- INDEX user_unverified
CREATE INDEX user_unverified ON public.accounts_user USING btree (created_at, id) WHERE (NOT email_verified);

-- INDEX user_verified_email_unique
CREATE UNIQUE INDEX user_verified_email_unique ON public.accounts_user USING btree (canonical_email, COALESCE((address_dispute)::integer, 0)) WHERE email_verified;

-- POLICY accounts_bulkaction owner_isolation
CREATE POLICY owner_isolation ON public.accounts_bulkaction USING ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- POLICY accounts_bulkaction site
CREATE POLICY site ON public.accounts_bulkaction USING (( SELECT (current_setting('app.scope'::text, true) = 'site'::text)));

-- POLICY accounts_claimrule site
CREATE POLICY site ON public.accounts_claimrule USING (( SELECT (current_setting('app.scope'::text, true) = 'site'::text)));

-- POLICY accounts_claimrule site_deletes
CREATE POLICY site_deletes ON public.accounts_claimrule AS RESTRICTIVE FOR DELETE USING (( SELECT (current_setting('app.scope'::text, true) = 'site'::text)));

-- POLICY accounts_claimrule site_writes
CREATE POLICY site_writes ON public.accounts_claimrule AS RESTRICTIVE FOR UPDATE USING ((( SELECT (current_setting('app.scope'::text, true) = 'site'::text)) AND (EXISTS ( SELECT 1
   FROM public.accounts_role r
  WHERE ((r.id = accounts_claimrule.role_id) AND ((r.tenant_id IS NULL) OR (r.tenant_id = accounts_claimrule.tenant_id)))))));

-- POLICY accounts_claimrule site_writes_new
CREATE POLICY site_writes_new ON public.accounts_claimrule AS RESTRICTIVE FOR INSERT WITH CHECK ((( SELECT (current_setting('app.scope'::text, true) = 'site'::text)) AND (EXISTS ( SELECT 1
   FROM public.accounts_role r
  WHERE ((r.id = accounts_claimrule.role_id) AND ((r.tenant_id IS NULL) OR (r.tenant_id = accounts_claimrule.tenant_id)))))));

-- POLICY accounts_claimrule tenant_isolation
CREATE POLICY tenant_isolation ON public.accounts_claimrule USING ((tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif")));

-- POLICY accounts_delivery site
CREATE POLICY site ON public.accounts_delivery USING (( SELECT (current_setting('app.scope'::text, true) = 'site'::text)));

-- POLICY accounts_delivery tenant_isolation
CREATE POLICY tenant_isolation ON public.accounts_delivery USING ((tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif")));

-- POLICY accounts_invitation role_fits
CREATE POLICY role_fits ON public.accounts_invitation AS RESTRICTIVE FOR UPDATE USING ((EXISTS ( SELECT 1
   FROM public.accounts_role r
  WHERE ((r.id = accounts_invitation.role_id) AND ((r.tenant_id IS NULL) OR (r.tenant_id = accounts_invitation.tenant_id))))));

-- POLICY accounts_invitation role_fits_new
CREATE POLICY role_fits_new ON public.accounts_invitation AS RESTRICTIVE FOR INSERT WITH CHECK ((EXISTS ( SELECT 1
   FROM public.accounts_role r
  WHERE ((r.id = accounts_invitation.role_id) AND ((r.tenant_id IS NULL) OR (r.tenant_id = accounts_invitation.tenant_id))))));

-- POLICY accounts_invitation site
CREATE POLICY site ON public.accounts_invitation USING (( SELECT (current_setting('app.scope'::text, true) = 'site'::text)));

-- POLICY accounts_invitation tenant_isolation
CREATE POLICY tenant_isolation ON public.accounts_invitation USING ((tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif")));

-- POLICY accounts_membership own
CREATE POLICY own ON public.accounts_membership FOR SELECT USING ((user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));

-- POLICY accounts_membership role_fits
CREATE POLICY role_fits ON public.accounts_membership AS RESTRICTIVE FOR UPDATE USING ((EXISTS ( SELECT 1
   FROM public.accounts_role r
  WHERE ((r.id = accounts_membership.role_id) AND ((r.tenant_id IS NULL) OR (r.tenant_id = accounts_membership.tenant_id))))));

-- POLICY accounts_membership role_fits_new
CREATE POLICY role_fits_new ON public.accounts_membership AS RESTRICTIVE FOR INSERT WITH CHECK ((EXISTS ( SELECT 1
   FROM public.accounts_role r
  WHERE ((r.id = accounts_membership.role_id) AND ((r.tenant_id IS NULL) OR (r.tenant_id = accounts_membership.tenant_id))))));

-- POLICY accounts_membership site
CREATE POLICY site ON public.accounts_membership USING (( SELECT (current_setting('app.scope'::text, true) = 'site'::text)));

-- POLICY accounts_membership tenant_isolation
CREATE POLICY tenant_isolation ON public.accounts_membership USING ((tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif")));

-- POLICY accounts_role global_ones
CREATE POLICY global_ones ON public.accounts_role FOR SELECT USING ((tenant_id IS NULL));

-- POLICY accounts_role site
CREATE POLICY site ON public.accounts_role USING (( SELECT (current_setting('app.scope'::text, true) = 'site'::text)));

-- POLICY accounts_role tenant_isolation
CREATE POLICY tenant_isolation ON public.accounts_role USING ((tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif")));

-- POLICY accounts_role_permissions of_own_roles
CREATE POLICY of_own_roles ON public.accounts_role_permissions USING ((EXISTS ( SELECT 1
   FROM public.accounts_role r
  WHERE ((r.id = accounts_role_permissions.role_id) AND (r.tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))))));

-- POLICY accounts_role_permissions of_visible_roles
CREATE POLICY of_visible_roles ON public.accounts_role_permissions FOR SELECT USING ((EXISTS ( SELECT 1
   FROM public.accounts_role r
  WHERE (r.id = accounts_role_permissions.role_id))));

-- POLICY accounts_role_permissions site
CREATE POLICY site ON public.accounts_role_permissions USING (( SELECT (current_setting('app.scope'::text, true) = 'site'::text)));

-- POLICY accounts_tenant own
CREATE POLICY own ON public.accounts_tenant FOR SELECT USING ((EXISTS ( SELECT 1
   FROM public.accounts_membership m
  WHERE ((m.tenant_id = accounts_tenant.id) AND (m.user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))))));

-- POLICY accounts_tenant site
CREATE POLICY site ON public.accounts_tenant USING (( SELECT (current_setting('app.scope'::text, true) = 'site'::text)));

-- POLICY accounts_tenant tenant_isolation
CREATE POLICY tenant_isolation ON public.accounts_tenant USING ((id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif")));

-- POLICY accounts_webhook site
CREATE POLICY site ON public.accounts_webhook USING (( SELECT (current_setting('app.scope'::text, true) = 'site'::text)));

-- POLICY accounts_webhook tenant_isolation
CREATE POLICY tenant_isolation ON public.accounts_webhook USING ((tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif")));

-- ROW SECURITY accounts_bulkaction
ALTER TABLE public.accounts_bulkaction ENABLE ROW LEVEL SECURITY;

-- ROW SECURITY accounts_claimrule
ALTER TABLE public.accounts_claimrule ENABLE ROW LEVEL SECURITY;

-- ROW SECURITY accounts_delivery
ALTER TABLE public.accounts_delivery ENABLE ROW LEVEL SECURITY;

-- ROW SECURITY accounts_invitation
ALTER TABLE public.accounts_invitation ENABLE ROW LEVEL SECURITY;

-- ROW SECURITY accounts_membership
ALTER TABLE public.accounts_membership ENABLE ROW LEVEL SECURITY;

-- ROW SECURITY accounts_role
ALTER TABLE public.accounts_role ENABLE ROW LEVEL SECURITY;

-- ROW SECURITY accounts_role_permissions
ALTER TABLE public.accounts_role_permissions ENABLE ROW LEVEL SECURITY;

-- ROW SECURITY accounts_tenant
ALTER TABLE public.accounts_tenant ENABLE ROW LEVEL SECURITY;

-- ROW SECURITY accounts_webhook
ALTER TABLE public.accounts_webhook ENABLE ROW LEVEL SECURITY;

-- SCHEMA public
-- *not* creating schema, since initdb creates it


ALTER SCHEMA public OWNER TO vestibule_owner;

-- SEQUENCE OWNED BY audit_entry_id_seq
ALTER SEQUENCE public.audit_entry_id_seq OWNED BY public.audit_entry.id;

-- SEQUENCE account_emailaddress_id_seq
ALTER TABLE public.account_emailaddress ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.account_emailaddress_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE account_emailconfirmation_id_seq
ALTER TABLE public.account_emailconfirmation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.account_emailconfirmation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE accounts_claimrule_id_seq
ALTER TABLE public.accounts_claimrule ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_claimrule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE accounts_delivery_id_seq
ALTER TABLE public.accounts_delivery ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE accounts_identity_id_seq
ALTER TABLE public.accounts_identity ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_identity_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE accounts_mailedlink_id_seq
ALTER TABLE public.accounts_mailedlink ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_mailedlink_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE accounts_membership_id_seq
ALTER TABLE public.accounts_membership ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_membership_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE accounts_role_id_seq
ALTER TABLE public.accounts_role ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_role_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE accounts_role_permissions_id_seq
ALTER TABLE public.accounts_role_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_role_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE accounts_upstreamend_id_seq
ALTER TABLE public.accounts_upstreamend ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_upstreamend_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE accounts_user_groups_id_seq
ALTER TABLE public.accounts_user_groups ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_user_groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE accounts_user_user_permissions_id_seq
ALTER TABLE public.accounts_user_user_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_user_user_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE audit_entry_id_seq
CREATE SEQUENCE public.audit_entry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER SEQUENCE public.audit_entry_id_seq OWNER TO vestibule_owner;

-- SEQUENCE auth_group_id_seq
ALTER TABLE public.auth_group ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE auth_group_permissions_id_seq
ALTER TABLE public.auth_group_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE auth_permission_id_seq
ALTER TABLE public.auth_permission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_permission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE django_admin_log_id_seq
ALTER TABLE public.django_admin_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_admin_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE django_content_type_id_seq
ALTER TABLE public.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE django_migrations_id_seq
ALTER TABLE public.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE mfa_authenticator_id_seq
ALTER TABLE public.mfa_authenticator ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.mfa_authenticator_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE providers_refusedidentity_id_seq
ALTER TABLE public.providers_refusedidentity ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.providers_refusedidentity_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE providers_upstreamtokens_id_seq
ALTER TABLE public.providers_upstreamtokens ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.providers_upstreamtokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE socialaccount_socialaccount_id_seq
ALTER TABLE public.socialaccount_socialaccount ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.socialaccount_socialaccount_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE socialaccount_socialapp_id_seq
ALTER TABLE public.socialaccount_socialapp ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.socialaccount_socialapp_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- SEQUENCE socialaccount_socialtoken_id_seq
ALTER TABLE public.socialaccount_socialtoken ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.socialaccount_socialtoken_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- TABLE ATTACH audit_entry_MONTH
ALTER TABLE ONLY public.audit_entry ATTACH PARTITION public.audit_entry_MONTH FOR VALUES FROM ('MONTH') TO ('MONTH');

-- TABLE ATTACH audit_entry_until_MONTH
ALTER TABLE ONLY public.audit_entry ATTACH PARTITION public.audit_entry_until_MONTH FOR VALUES FROM (MINVALUE) TO ('MONTH');

-- TABLE ATTACH audit_entry_without_month
ALTER TABLE ONLY public.audit_entry ATTACH PARTITION public.audit_entry_without_month DEFAULT;

-- TABLE ATTACH audit_personal_MONTH
ALTER TABLE ONLY public.audit_personal ATTACH PARTITION public.audit_personal_MONTH FOR VALUES FROM ('MONTH') TO ('MONTH');

-- TABLE ATTACH audit_personal_until_MONTH
ALTER TABLE ONLY public.audit_personal ATTACH PARTITION public.audit_personal_until_MONTH FOR VALUES FROM (MINVALUE) TO ('MONTH');

-- TABLE ATTACH audit_personal_without_month
ALTER TABLE ONLY public.audit_personal ATTACH PARTITION public.audit_personal_without_month DEFAULT;

-- TABLE account_emailaddress
CREATE TABLE public.account_emailaddress (
    id integer NOT NULL,
    email character varying(254) NOT NULL,
    verified boolean NOT NULL,
    "primary" boolean NOT NULL,
    user_id uuid NOT NULL
);


ALTER TABLE public.account_emailaddress OWNER TO vestibule_owner;

-- TABLE account_emailconfirmation
CREATE TABLE public.account_emailconfirmation (
    id integer NOT NULL,
    created timestamp with time zone NOT NULL,
    sent timestamp with time zone,
    key character varying(64) NOT NULL,
    email_address_id integer NOT NULL
);


ALTER TABLE public.account_emailconfirmation OWNER TO vestibule_owner;

-- TABLE accounts_bulkaction
CREATE TABLE public.accounts_bulkaction (
    id uuid NOT NULL,
    is_site boolean NOT NULL,
    tenant_id uuid,
    role_id bigint,
    kind character varying(40) NOT NULL,
    targets uuid[] NOT NULL,
    total integer NOT NULL,
    "position" integer NOT NULL,
    changed integer NOT NULL,
    skipped jsonb NOT NULL,
    state character varying(20) NOT NULL,
    stopped_because character varying(200) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    user_id uuid NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    CONSTRAINT accounts_bulkaction_changed_check CHECK ((changed >= 0)),
    CONSTRAINT accounts_bulkaction_position_check CHECK (("position" >= 0)),
    CONSTRAINT accounts_bulkaction_total_check CHECK ((total >= 0))
);

ALTER TABLE ONLY public.accounts_bulkaction FORCE ROW LEVEL SECURITY;


ALTER TABLE public.accounts_bulkaction OWNER TO vestibule_owner;

-- TABLE accounts_claimrule
CREATE TABLE public.accounts_claimrule (
    id bigint NOT NULL,
    provider character varying(32) NOT NULL,
    claim character varying(255) NOT NULL,
    value character varying(255) NOT NULL,
    "position" integer NOT NULL,
    is_active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    role_id bigint NOT NULL,
    tenant_id uuid NOT NULL,
    CONSTRAINT accounts_claimrule_position_check CHECK (("position" >= 0))
);

ALTER TABLE ONLY public.accounts_claimrule FORCE ROW LEVEL SECURITY;


ALTER TABLE public.accounts_claimrule OWNER TO vestibule_owner;

-- TABLE accounts_cutoff
CREATE TABLE public.accounts_cutoff (
    id uuid NOT NULL,
    by character varying(20) NOT NULL,
    reason character varying(500) NOT NULL,
    closed boolean NOT NULL,
    checks jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    user_id uuid NOT NULL,
    not_before timestamp with time zone
);


ALTER TABLE public.accounts_cutoff OWNER TO vestibule_owner;

-- TABLE accounts_delivery
CREATE TABLE public.accounts_delivery (
    id bigint NOT NULL,
    entry_id bigint NOT NULL,
    entry_at timestamp with time zone NOT NULL,
    kind character varying(200) NOT NULL,
    attempts integer NOT NULL,
    first_tried_at timestamp with time zone NOT NULL,
    last_tried_at timestamp with time zone NOT NULL,
    next_try_at timestamp with time zone,
    failure character varying(300) NOT NULL,
    tenant_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    CONSTRAINT accounts_delivery_attempts_check CHECK ((attempts >= 0))
);

ALTER TABLE ONLY public.accounts_delivery FORCE ROW LEVEL SECURITY;


ALTER TABLE public.accounts_delivery OWNER TO vestibule_owner;

-- TABLE accounts_errand
CREATE TABLE public.accounts_errand (
    id uuid NOT NULL,
    kind character varying(40) NOT NULL,
    content text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_try_at timestamp with time zone,
    tries integer NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT accounts_errand_tries_check CHECK ((tries >= 0))
);


ALTER TABLE public.accounts_errand OWNER TO vestibule_owner;

-- TABLE accounts_identity
CREATE TABLE public.accounts_identity (
    id bigint NOT NULL,
    provider character varying(32) NOT NULL,
    issuer character varying(255) NOT NULL,
    subject character varying(255) NOT NULL,
    email character varying(320) NOT NULL,
    email_verified boolean NOT NULL,
    name character varying(255) NOT NULL,
    claims jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    user_id uuid NOT NULL
);


ALTER TABLE public.accounts_identity OWNER TO vestibule_owner;

-- TABLE accounts_invitation
CREATE TABLE public.accounts_invitation (
    id uuid NOT NULL,
    email character varying(254) NOT NULL,
    digest character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    revoked_at timestamp with time zone,
    accepted_by_id uuid,
    invited_by_id uuid,
    role_id bigint NOT NULL,
    tenant_id uuid NOT NULL,
    canonical_email character varying(320) COLLATE pg_catalog."C",
    CONSTRAINT invitation_decided_once CHECK (((accepted_at IS NULL) OR (revoked_at IS NULL)))
);

ALTER TABLE ONLY public.accounts_invitation FORCE ROW LEVEL SECURITY;


ALTER TABLE public.accounts_invitation OWNER TO vestibule_owner;

-- TABLE accounts_mailedcode
CREATE TABLE public.accounts_mailedcode (
    id uuid NOT NULL,
    act character varying(32) NOT NULL,
    digest character varying(64) NOT NULL,
    tries smallint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    user_id uuid NOT NULL,
    CONSTRAINT accounts_mailedcode_tries_check CHECK ((tries >= 0))
);


ALTER TABLE public.accounts_mailedcode OWNER TO vestibule_owner;

-- TABLE accounts_mailedlink
CREATE TABLE public.accounts_mailedlink (
    id bigint NOT NULL,
    digest character varying(64) NOT NULL,
    purpose character varying(32) NOT NULL,
    address character varying(320) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    user_id uuid,
    canonical_address character varying(320) COLLATE pg_catalog."C",
    epoch timestamp with time zone,
    ended_because character varying(40) DEFAULT ''::character varying NOT NULL
);


ALTER TABLE public.accounts_mailedlink OWNER TO vestibule_owner;

-- TABLE accounts_membership
CREATE TABLE public.accounts_membership (
    id bigint NOT NULL,
    is_primary boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    user_id uuid NOT NULL,
    role_id bigint NOT NULL,
    tenant_id uuid NOT NULL,
    rule_id bigint
);

ALTER TABLE ONLY public.accounts_membership FORCE ROW LEVEL SECURITY;


ALTER TABLE public.accounts_membership OWNER TO vestibule_owner;

-- TABLE accounts_role
CREATE TABLE public.accounts_role (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    description character varying(300) NOT NULL,
    scopes character varying(100)[] NOT NULL,
    tenant_id uuid,
    provided character varying(200)[] DEFAULT '{}'::character varying(200)[] NOT NULL
);

ALTER TABLE ONLY public.accounts_role FORCE ROW LEVEL SECURITY;


ALTER TABLE public.accounts_role OWNER TO vestibule_owner;

-- TABLE accounts_role_permissions
CREATE TABLE public.accounts_role_permissions (
    id bigint NOT NULL,
    role_id bigint NOT NULL,
    permission_id integer NOT NULL
);

ALTER TABLE ONLY public.accounts_role_permissions FORCE ROW LEVEL SECURITY;


ALTER TABLE public.accounts_role_permissions OWNER TO vestibule_owner;

-- TABLE accounts_session
CREATE TABLE public.accounts_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    provider character varying(32) DEFAULT ''::character varying NOT NULL,
    upstream_sid character varying(255) DEFAULT ''::character varying NOT NULL,
    address inet,
    user_agent character varying(400) DEFAULT ''::character varying NOT NULL,
    user_id uuid,
    active_tenant uuid,
    ends_at timestamp with time zone,
    idle interval,
    is_remembered boolean DEFAULT false NOT NULL,
    waiting_for_id uuid,
    waiting_identity_id bigint,
    waiting_epoch timestamp with time zone,
    waiting_ended character varying(40) DEFAULT ''::character varying NOT NULL,
    upstream_sessions jsonb DEFAULT '[]'::jsonb NOT NULL,
    follow_at timestamp with time zone,
    unsure_since timestamp with time zone,
    not_before timestamp with time zone
);


ALTER TABLE public.accounts_session OWNER TO vestibule_owner;

-- TABLE accounts_tenant
CREATE TABLE public.accounts_tenant (
    id uuid NOT NULL,
    name character varying(150) NOT NULL,
    slug character varying(100) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    remembered_idle_days smallint,
    remembered_life_days smallint,
    session_idle_minutes smallint,
    session_life_hours smallint,
    CONSTRAINT accounts_tenant_remembered_idle_days_check CHECK ((remembered_idle_days >= 0)),
    CONSTRAINT accounts_tenant_remembered_life_days_check CHECK ((remembered_life_days >= 0)),
    CONSTRAINT accounts_tenant_session_idle_minutes_check CHECK ((session_idle_minutes >= 0)),
    CONSTRAINT accounts_tenant_session_life_hours_check CHECK ((session_life_hours >= 0))
);

ALTER TABLE ONLY public.accounts_tenant FORCE ROW LEVEL SECURITY;


ALTER TABLE public.accounts_tenant OWNER TO vestibule_owner;

-- TABLE accounts_upstreamend
CREATE TABLE public.accounts_upstreamend (
    id bigint NOT NULL,
    provider character varying(32) NOT NULL,
    sid character varying(255) DEFAULT ''::character varying NOT NULL,
    subject character varying(255) DEFAULT ''::character varying NOT NULL,
    ended_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


ALTER TABLE public.accounts_upstreamend OWNER TO vestibule_owner;

-- TABLE accounts_usedproof
CREATE TABLE public.accounts_usedproof (
    digest character varying(64) NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


ALTER TABLE public.accounts_usedproof OWNER TO vestibule_owner;

-- TABLE accounts_user
CREATE TABLE public.accounts_user (
    password character varying(128) NOT NULL,
    is_superuser boolean NOT NULL,
    id uuid NOT NULL,
    username character varying(150),
    name character varying(255) NOT NULL,
    email character varying(320),
    email_verified boolean NOT NULL,
    is_active boolean NOT NULL,
    is_staff boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    second_factor_required boolean DEFAULT false NOT NULL,
    not_before timestamp with time zone,
    canonical_email character varying(320) COLLATE pg_catalog."C",
    address_dispute smallint,
    sign_in_epoch timestamp with time zone,
    name_set_here boolean DEFAULT false NOT NULL,
    CONSTRAINT accounts_user_address_dispute_check CHECK ((address_dispute >= 0)),
    CONSTRAINT user_verified_email_canonical CHECK (((NOT email_verified) OR (email IS NULL) OR ((email)::text = ''::text) OR (canonical_email IS NOT NULL)))
);


ALTER TABLE public.accounts_user OWNER TO vestibule_owner;

-- TABLE accounts_user_groups
CREATE TABLE public.accounts_user_groups (
    id bigint NOT NULL,
    user_id uuid NOT NULL,
    group_id integer NOT NULL
);


ALTER TABLE public.accounts_user_groups OWNER TO vestibule_owner;

-- TABLE accounts_user_user_permissions
CREATE TABLE public.accounts_user_user_permissions (
    id bigint NOT NULL,
    user_id uuid NOT NULL,
    permission_id integer NOT NULL
);


ALTER TABLE public.accounts_user_user_permissions OWNER TO vestibule_owner;

-- TABLE accounts_webhook
CREATE TABLE public.accounts_webhook (
    id uuid NOT NULL,
    name character varying(100) NOT NULL,
    url character varying(500) NOT NULL,
    events character varying(100)[] NOT NULL,
    tables character varying(100)[] NOT NULL,
    secret character varying(300) NOT NULL,
    former_secret character varying(300) NOT NULL,
    former_until timestamp with time zone,
    is_active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    position_txid bigint NOT NULL,
    position_id bigint NOT NULL,
    position_floor bigint NOT NULL,
    failures integer NOT NULL,
    failing_since timestamp with time zone,
    last_failure character varying(300) NOT NULL,
    rest_until timestamp with time zone,
    last_success_at timestamp with time zone,
    switched_off_because character varying(300) NOT NULL,
    created_by_id uuid,
    tenant_id uuid NOT NULL,
    CONSTRAINT accounts_webhook_failures_check CHECK ((failures >= 0))
);

ALTER TABLE ONLY public.accounts_webhook FORCE ROW LEVEL SECURITY;


ALTER TABLE public.accounts_webhook OWNER TO vestibule_owner;

-- TABLE audit_entry
CREATE TABLE public.audit_entry (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    txid bigint NOT NULL,
    request_id uuid,
    batch_id uuid,
    source text NOT NULL,
    action text NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    object_table text,
    object_id text,
    person text,
    tenant_id text,
    reason text,
    before jsonb,
    after jsonb,
    details jsonb,
    personal_digest bytea,
    behind_kind text,
    behind_id text
)
PARTITION BY RANGE (at);


ALTER TABLE public.audit_entry OWNER TO vestibule_owner;

-- TABLE audit_entry_MONTH
CREATE TABLE public.audit_entry_MONTH (
    id bigint DEFAULT nextval('public.audit_entry_id_seq'::regclass) CONSTRAINT audit_entry_id_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT audit_entry_at_not_null NOT NULL,
    txid bigint CONSTRAINT audit_entry_txid_not_null NOT NULL,
    request_id uuid,
    batch_id uuid,
    source text CONSTRAINT audit_entry_source_not_null NOT NULL,
    action text CONSTRAINT audit_entry_action_not_null NOT NULL,
    actor_kind text CONSTRAINT audit_entry_actor_kind_not_null NOT NULL,
    actor_id text CONSTRAINT audit_entry_actor_id_not_null NOT NULL,
    object_table text,
    object_id text,
    person text,
    tenant_id text,
    reason text,
    before jsonb,
    after jsonb,
    details jsonb,
    personal_digest bytea,
    behind_kind text,
    behind_id text
);


ALTER TABLE public.audit_entry_MONTH OWNER TO vestibule_owner;

-- TABLE audit_entry_until_MONTH
CREATE TABLE public.audit_entry_until_MONTH (
    id bigint DEFAULT nextval('public.audit_entry_id_seq'::regclass) CONSTRAINT audit_entry_id_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT audit_entry_at_not_null NOT NULL,
    txid bigint CONSTRAINT audit_entry_txid_not_null NOT NULL,
    request_id uuid,
    batch_id uuid,
    source text CONSTRAINT audit_entry_source_not_null NOT NULL,
    action text CONSTRAINT audit_entry_action_not_null NOT NULL,
    actor_kind text CONSTRAINT audit_entry_actor_kind_not_null NOT NULL,
    actor_id text CONSTRAINT audit_entry_actor_id_not_null NOT NULL,
    object_table text,
    object_id text,
    person text,
    tenant_id text,
    reason text,
    before jsonb,
    after jsonb,
    details jsonb,
    personal_digest bytea,
    behind_kind text,
    behind_id text
);


ALTER TABLE public.audit_entry_until_MONTH OWNER TO vestibule_owner;

-- TABLE audit_entry_without_month
CREATE TABLE public.audit_entry_without_month (
    id bigint DEFAULT nextval('public.audit_entry_id_seq'::regclass) CONSTRAINT audit_entry_id_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT audit_entry_at_not_null NOT NULL,
    txid bigint CONSTRAINT audit_entry_txid_not_null NOT NULL,
    request_id uuid,
    batch_id uuid,
    source text CONSTRAINT audit_entry_source_not_null NOT NULL,
    action text CONSTRAINT audit_entry_action_not_null NOT NULL,
    actor_kind text CONSTRAINT audit_entry_actor_kind_not_null NOT NULL,
    actor_id text CONSTRAINT audit_entry_actor_id_not_null NOT NULL,
    object_table text,
    object_id text,
    person text,
    tenant_id text,
    reason text,
    before jsonb,
    after jsonb,
    details jsonb,
    personal_digest bytea,
    behind_kind text,
    behind_id text
);


ALTER TABLE public.audit_entry_without_month OWNER TO vestibule_owner;

-- TABLE audit_floor
CREATE TABLE public.audit_floor (
    only_one boolean DEFAULT true NOT NULL,
    days integer NOT NULL,
    CONSTRAINT audit_floor_days_check CHECK ((days > 0)),
    CONSTRAINT audit_floor_only_one_check CHECK (only_one)
);


ALTER TABLE public.audit_floor OWNER TO vestibule_owner;

-- TABLE audit_jobrun
CREATE TABLE public.audit_jobrun (
    name text NOT NULL,
    ran_at timestamp with time zone NOT NULL,
    trouble text DEFAULT ''::text NOT NULL,
    progress jsonb DEFAULT '{}'::jsonb NOT NULL
);


ALTER TABLE public.audit_jobrun OWNER TO vestibule_owner;

-- TABLE audit_personal
CREATE TABLE public.audit_personal (
    entry_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    salt uuid NOT NULL,
    before jsonb,
    after jsonb,
    address inet,
    user_agent text
)
PARTITION BY RANGE (at);


ALTER TABLE public.audit_personal OWNER TO vestibule_owner;

-- TABLE audit_personal_MONTH
CREATE TABLE public.audit_personal_MONTH (
    entry_id bigint CONSTRAINT audit_personal_entry_id_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT audit_personal_at_not_null NOT NULL,
    salt uuid CONSTRAINT audit_personal_salt_not_null NOT NULL,
    before jsonb,
    after jsonb,
    address inet,
    user_agent text
);


ALTER TABLE public.audit_personal_MONTH OWNER TO vestibule_owner;

-- TABLE audit_personal_until_MONTH
CREATE TABLE public.audit_personal_until_MONTH (
    entry_id bigint CONSTRAINT audit_personal_entry_id_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT audit_personal_at_not_null NOT NULL,
    salt uuid CONSTRAINT audit_personal_salt_not_null NOT NULL,
    before jsonb,
    after jsonb,
    address inet,
    user_agent text
);


ALTER TABLE public.audit_personal_until_MONTH OWNER TO vestibule_owner;

-- TABLE audit_personal_without_month
CREATE TABLE public.audit_personal_without_month (
    entry_id bigint CONSTRAINT audit_personal_entry_id_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT audit_personal_at_not_null NOT NULL,
    salt uuid CONSTRAINT audit_personal_salt_not_null NOT NULL,
    before jsonb,
    after jsonb,
    address inet,
    user_agent text
);


ALTER TABLE public.audit_personal_without_month OWNER TO vestibule_owner;

-- TABLE audit_removal
CREATE TABLE public.audit_removal (
    id uuid NOT NULL,
    removed_at timestamp with time zone NOT NULL,
    month text,
    tenant_id text,
    until timestamp with time zone NOT NULL,
    entries bigint NOT NULL,
    ids text NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    key_id text NOT NULL,
    mac bytea NOT NULL
);


ALTER TABLE public.audit_removal OWNER TO vestibule_owner;

-- TABLE audit_retention
CREATE TABLE public.audit_retention (
    tenant_id text NOT NULL,
    days integer NOT NULL,
    CONSTRAINT audit_retention_some_days CHECK ((days > 0))
);


ALTER TABLE public.audit_retention OWNER TO vestibule_owner;

-- TABLE audit_seal
CREATE TABLE public.audit_seal (
    number bigint NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    entries integer NOT NULL,
    ids text NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    upto_txid bigint NOT NULL,
    upto_id bigint NOT NULL,
    cluster bigint NOT NULL,
    floor_id bigint NOT NULL,
    carried boolean NOT NULL,
    digest bytea NOT NULL,
    key_id text NOT NULL,
    previous bytea NOT NULL,
    mac bytea NOT NULL
);


ALTER TABLE public.audit_seal OWNER TO vestibule_owner;

-- TABLE audit_seal_digests
CREATE TABLE public.audit_seal_digests (
    number bigint NOT NULL,
    digests bytea NOT NULL
);
ALTER TABLE ONLY public.audit_seal_digests ALTER COLUMN digests SET STORAGE EXTERNAL;


ALTER TABLE public.audit_seal_digests OWNER TO vestibule_owner;

-- TABLE auth_group
CREATE TABLE public.auth_group (
    id integer NOT NULL,
    name character varying(150) NOT NULL
);


ALTER TABLE public.auth_group OWNER TO vestibule_owner;

-- TABLE auth_group_permissions
CREATE TABLE public.auth_group_permissions (
    id bigint NOT NULL,
    group_id integer NOT NULL,
    permission_id integer NOT NULL
);


ALTER TABLE public.auth_group_permissions OWNER TO vestibule_owner;

-- TABLE auth_permission
CREATE TABLE public.auth_permission (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    content_type_id integer NOT NULL,
    codename character varying(100) NOT NULL
);


ALTER TABLE public.auth_permission OWNER TO vestibule_owner;

-- TABLE django_admin_log
CREATE TABLE public.django_admin_log (
    id integer NOT NULL,
    action_time timestamp with time zone NOT NULL,
    object_id text,
    object_repr character varying(200) NOT NULL,
    action_flag smallint NOT NULL,
    change_message text NOT NULL,
    content_type_id integer,
    user_id uuid NOT NULL,
    CONSTRAINT django_admin_log_action_flag_check CHECK ((action_flag >= 0))
);


ALTER TABLE public.django_admin_log OWNER TO vestibule_owner;

-- TABLE django_content_type
CREATE TABLE public.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);


ALTER TABLE public.django_content_type OWNER TO vestibule_owner;

-- TABLE django_migrations
CREATE TABLE public.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);


ALTER TABLE public.django_migrations OWNER TO vestibule_owner;

-- TABLE mfa_authenticator
CREATE TABLE public.mfa_authenticator (
    id bigint NOT NULL,
    type character varying(20) NOT NULL,
    data jsonb NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone
);


ALTER TABLE public.mfa_authenticator OWNER TO vestibule_owner;

-- TABLE providers_heardlogout
CREATE TABLE public.providers_heardlogout (
    digest character varying(64) NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


ALTER TABLE public.providers_heardlogout OWNER TO vestibule_owner;

-- TABLE providers_leaving
CREATE TABLE public.providers_leaving (
    id uuid NOT NULL,
    provider character varying(32) NOT NULL,
    issuer character varying(255) NOT NULL,
    because character varying(20) NOT NULL,
    identity_id bigint,
    access text NOT NULL,
    refresh text NOT NULL,
    state character varying(10) DEFAULT 'waiting'::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone DEFAULT statement_timestamp(),
    claimed_until timestamp with time zone,
    trouble character varying(60) DEFAULT ''::character varying NOT NULL,
    expires_at timestamp with time zone,
    sid character varying(255) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT providers_leaving_tries_check CHECK ((tries >= 0))
);


ALTER TABLE public.providers_leaving OWNER TO vestibule_owner;

-- TABLE providers_refusedidentity
CREATE TABLE public.providers_refusedidentity (
    id bigint NOT NULL,
    provider character varying(32) NOT NULL,
    issuer character varying(255) NOT NULL,
    subject character varying(255) NOT NULL,
    email character varying(320) NOT NULL,
    canonical_email character varying(320) COLLATE pg_catalog."C",
    email_verified boolean NOT NULL,
    name character varying(255) NOT NULL,
    claims jsonb NOT NULL,
    reason character varying(60) NOT NULL,
    reference character varying(7) NOT NULL,
    account uuid,
    refused_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


ALTER TABLE public.providers_refusedidentity OWNER TO vestibule_owner;

-- TABLE providers_upstreamtokens
CREATE TABLE public.providers_upstreamtokens (
    identity_id bigint NOT NULL,
    access text NOT NULL,
    refresh text NOT NULL,
    id_token text NOT NULL,
    scopes character varying(1000) NOT NULL,
    given_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    leased_until timestamp with time zone,
    health character varying(10) DEFAULT 'well'::character varying NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    rest_until timestamp with time zone,
    trouble character varying(60) DEFAULT ''::character varying NOT NULL,
    sid character varying(255) DEFAULT ''::character varying NOT NULL,
    is_unsure boolean DEFAULT false NOT NULL,
    id bigint NOT NULL,
    CONSTRAINT providers_upstreamtokens_failures_check CHECK ((failures >= 0)),
    CONSTRAINT providers_upstreamtokens_version_check CHECK ((version >= 0))
)
WITH (toast_tuple_target='8160');
ALTER TABLE ONLY public.providers_upstreamtokens ALTER COLUMN access SET STORAGE EXTERNAL;
ALTER TABLE ONLY public.providers_upstreamtokens ALTER COLUMN refresh SET STORAGE EXTERNAL;
ALTER TABLE ONLY public.providers_upstreamtokens ALTER COLUMN id_token SET STORAGE EXTERNAL;


ALTER TABLE public.providers_upstreamtokens OWNER TO vestibule_owner;

-- TABLE socialaccount_socialaccount
CREATE TABLE public.socialaccount_socialaccount (
    id integer NOT NULL,
    provider character varying(200) NOT NULL,
    uid character varying(191) NOT NULL,
    last_login timestamp with time zone NOT NULL,
    date_joined timestamp with time zone NOT NULL,
    extra_data jsonb NOT NULL,
    user_id uuid NOT NULL
);


ALTER TABLE public.socialaccount_socialaccount OWNER TO vestibule_owner;

-- TABLE socialaccount_socialapp
CREATE TABLE public.socialaccount_socialapp (
    id integer NOT NULL,
    provider character varying(30) NOT NULL,
    name character varying(40) NOT NULL,
    client_id character varying(191) NOT NULL,
    secret character varying(191) NOT NULL,
    key character varying(191) NOT NULL,
    provider_id character varying(200) NOT NULL,
    settings jsonb NOT NULL
);


ALTER TABLE public.socialaccount_socialapp OWNER TO vestibule_owner;

-- TABLE socialaccount_socialtoken
CREATE TABLE public.socialaccount_socialtoken (
    id integer NOT NULL,
    token text NOT NULL,
    token_secret text NOT NULL,
    expires_at timestamp with time zone,
    account_id integer NOT NULL,
    app_id integer
);


ALTER TABLE public.socialaccount_socialtoken OWNER TO vestibule_owner;

-- TRIGGER account_emailaddress audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.account_emailaddress REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '', '{"email": "(personal)"}', '{}', '{}', '{"id","primary","user_id","verified"}');

ALTER TABLE public.account_emailaddress ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER account_emailaddress audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.account_emailaddress REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '', '{"email": "(personal)"}', '{}', '{}', '{"id","primary","user_id","verified"}');

ALTER TABLE public.account_emailaddress ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER account_emailaddress audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.account_emailaddress REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', 'user_id', '', '{"email": "(personal)"}', '{}', '{}', '{"id","primary","user_id","verified"}');

ALTER TABLE public.account_emailaddress ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER account_emailconfirmation audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.account_emailconfirmation REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '', '{"key": "(secret)"}', '{}', '{}', '{}');

ALTER TABLE public.account_emailconfirmation ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER account_emailconfirmation audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.account_emailconfirmation REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '', '{"key": "(secret)"}', '{}', '{}', '{}');

ALTER TABLE public.account_emailconfirmation ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER account_emailconfirmation audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.account_emailconfirmation REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', '', '', '{"key": "(secret)"}', '{}', '{}', '{}');

ALTER TABLE public.account_emailconfirmation ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_claimrule audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_claimrule REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', 'tenant_id');

ALTER TABLE public.accounts_claimrule ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_claimrule audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_claimrule REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', 'tenant_id');

ALTER TABLE public.accounts_claimrule ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_claimrule audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_claimrule REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', '', 'tenant_id');

ALTER TABLE public.accounts_claimrule ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_cutoff audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_cutoff REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '', '{"reason": "(personal)"}', '{}', '{}', '{"by","checks","closed","confirmed_at","created_at","id","not_before","user_id"}');

ALTER TABLE public.accounts_cutoff ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_cutoff audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_cutoff REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '', '{"reason": "(personal)"}', '{}', '{}', '{"by","checks","closed","confirmed_at","created_at","id","not_before","user_id"}');

ALTER TABLE public.accounts_cutoff ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_cutoff audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_cutoff REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', 'user_id', '', '{"reason": "(personal)"}', '{}', '{}', '{"by","checks","closed","confirmed_at","created_at","id","not_before","user_id"}');

ALTER TABLE public.accounts_cutoff ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_identity audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_identity REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '', '{"claims": "(personal)", "email": "(personal)", "name": "(personal)", "subject": "(personal)"}', '{}', '{}', '{"created_at","email_verified","id","issuer","provider","user_id"}');

ALTER TABLE public.accounts_identity ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_identity audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_identity REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '', '{"claims": "(personal)", "email": "(personal)", "name": "(personal)", "subject": "(personal)"}', '{}', '{}', '{"created_at","email_verified","id","issuer","provider","user_id"}');

ALTER TABLE public.accounts_identity ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_identity audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_identity REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', 'user_id', '', '{"claims": "(personal)", "email": "(personal)", "name": "(personal)", "subject": "(personal)"}', '{}', '{}', '{"created_at","email_verified","id","issuer","provider","user_id"}');

ALTER TABLE public.accounts_identity ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_invitation audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_invitation REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'accepted_by_id', 'tenant_id', '{"digest": "(secret)", "email": "(personal)"}', '{"canonical_email"}', '{}', '{"accepted_at","accepted_by_id","canonical_email","created_at","digest","expires_at","id","invited_by_id","revoked_at","role_id","sent_at","tenant_id"}');

ALTER TABLE public.accounts_invitation ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_invitation audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_invitation REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'accepted_by_id', 'tenant_id', '{"digest": "(secret)", "email": "(personal)"}', '{"canonical_email"}', '{}', '{"accepted_at","accepted_by_id","canonical_email","created_at","digest","expires_at","id","invited_by_id","revoked_at","role_id","sent_at","tenant_id"}');

ALTER TABLE public.accounts_invitation ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_invitation audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_invitation REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', 'accepted_by_id', 'tenant_id', '{"digest": "(secret)", "email": "(personal)"}', '{"canonical_email"}', '{}', '{"accepted_at","accepted_by_id","canonical_email","created_at","digest","expires_at","id","invited_by_id","revoked_at","role_id","sent_at","tenant_id"}');

ALTER TABLE public.accounts_invitation ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_invitation canonical_1_given
CREATE TRIGGER canonical_1_given BEFORE INSERT OR UPDATE OF canonical_email ON public.accounts_invitation FOR EACH ROW WHEN ((new.canonical_email IS NOT NULL)) EXECUTE FUNCTION public.accounts_invitation_canonical_given();

-- TRIGGER accounts_invitation canonical_2_kept
CREATE TRIGGER canonical_2_kept BEFORE INSERT OR UPDATE OF email, canonical_email ON public.accounts_invitation FOR EACH ROW EXECUTE FUNCTION public.accounts_invitation_canonical_kept();

-- TRIGGER accounts_mailedlink canonical_1_given
CREATE TRIGGER canonical_1_given BEFORE INSERT OR UPDATE OF canonical_address ON public.accounts_mailedlink FOR EACH ROW WHEN ((new.canonical_address IS NOT NULL)) EXECUTE FUNCTION public.accounts_mailedlink_canonical_given();

-- TRIGGER accounts_mailedlink canonical_2_kept
CREATE TRIGGER canonical_2_kept BEFORE INSERT OR UPDATE OF address, canonical_address ON public.accounts_mailedlink FOR EACH ROW EXECUTE FUNCTION public.accounts_mailedlink_canonical_kept();

-- TRIGGER accounts_membership audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_membership REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', 'tenant_id');

ALTER TABLE public.accounts_membership ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_membership audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_membership REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', 'tenant_id');

ALTER TABLE public.accounts_membership ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_membership audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_membership REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', 'user_id', 'tenant_id');

ALTER TABLE public.accounts_membership ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_membership session_shorten
CREATE TRIGGER session_shorten AFTER INSERT ON public.accounts_membership FOR EACH ROW EXECUTE FUNCTION public.session_shorten();

-- TRIGGER accounts_role audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_role REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', 'tenant_id');

ALTER TABLE public.accounts_role ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_role audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_role REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', 'tenant_id');

ALTER TABLE public.accounts_role ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_role audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_role REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', '', 'tenant_id');

ALTER TABLE public.accounts_role ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_role_permissions audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_role_permissions REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '');

ALTER TABLE public.accounts_role_permissions ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_role_permissions audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_role_permissions REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '');

ALTER TABLE public.accounts_role_permissions ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_role_permissions audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_role_permissions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', '', '');

ALTER TABLE public.accounts_role_permissions ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_session note_not_before
CREATE TRIGGER note_not_before BEFORE INSERT ON public.accounts_session FOR EACH ROW WHEN (((new.user_id IS NOT NULL) AND (new.not_before IS NULL))) EXECUTE FUNCTION public.accounts_session_not_before();

-- TRIGGER accounts_tenant audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_tenant REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', 'id');

ALTER TABLE public.accounts_tenant ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_tenant audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_tenant REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', 'id');

ALTER TABLE public.accounts_tenant ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_tenant audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_tenant REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', '', 'id');

ALTER TABLE public.accounts_tenant ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_tenant session_shorten
CREATE TRIGGER session_shorten AFTER UPDATE ON public.accounts_tenant FOR EACH ROW WHEN (((((old.session_idle_minutes IS DISTINCT FROM new.session_idle_minutes) OR (old.session_life_hours IS DISTINCT FROM new.session_life_hours)) OR (old.remembered_idle_days IS DISTINCT FROM new.remembered_idle_days)) OR (old.remembered_life_days IS DISTINCT FROM new.remembered_life_days))) EXECUTE FUNCTION public.session_shorten();

-- TRIGGER accounts_user audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_user REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'id', '', '{"email": "(personal)", "name": "(personal)", "password": "(secret)", "username": "(personal)"}', '{"canonical_email","sign_in_epoch"}', '{}', '{"address_dispute","canonical_email","created_at","email_verified","id","is_active","is_staff","is_superuser","name_set_here","not_before","password","second_factor_required","sign_in_epoch"}');

ALTER TABLE public.accounts_user ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_user audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_user REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'id', '', '{"email": "(personal)", "name": "(personal)", "password": "(secret)", "username": "(personal)"}', '{"canonical_email","sign_in_epoch"}', '{}', '{"address_dispute","canonical_email","created_at","email_verified","id","is_active","is_staff","is_superuser","name_set_here","not_before","password","second_factor_required","sign_in_epoch"}');

ALTER TABLE public.accounts_user ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_user audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_user REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', 'id', '', '{"email": "(personal)", "name": "(personal)", "password": "(secret)", "username": "(personal)"}', '{"canonical_email","sign_in_epoch"}', '{}', '{"address_dispute","canonical_email","created_at","email_verified","id","is_active","is_staff","is_superuser","name_set_here","not_before","password","second_factor_required","sign_in_epoch"}');

ALTER TABLE public.accounts_user ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_user canonical_1_given
CREATE TRIGGER canonical_1_given BEFORE INSERT OR UPDATE OF canonical_email ON public.accounts_user FOR EACH ROW WHEN ((new.canonical_email IS NOT NULL)) EXECUTE FUNCTION public.accounts_user_canonical_given();

-- TRIGGER accounts_user canonical_2_kept
CREATE TRIGGER canonical_2_kept BEFORE INSERT OR UPDATE OF email, canonical_email ON public.accounts_user FOR EACH ROW EXECUTE FUNCTION public.accounts_user_canonical_kept();

-- TRIGGER accounts_user drop_mailed_links
CREATE TRIGGER drop_mailed_links AFTER UPDATE OF is_active ON public.accounts_user FOR EACH ROW WHEN ((old.is_active AND (NOT new.is_active))) EXECUTE FUNCTION public.accounts_drop_mailed_links();

-- TRIGGER accounts_user keep_a_superuser
CREATE TRIGGER keep_a_superuser AFTER DELETE ON public.accounts_user FOR EACH ROW WHEN ((old.is_superuser AND old.is_active)) EXECUTE FUNCTION public.accounts_keep_a_superuser();

-- TRIGGER accounts_user keep_a_superuser_active
CREATE TRIGGER keep_a_superuser_active AFTER UPDATE OF is_superuser, is_active ON public.accounts_user FOR EACH ROW WHEN ((old.is_superuser AND old.is_active AND (NOT (new.is_superuser AND new.is_active)))) EXECUTE FUNCTION public.accounts_keep_a_superuser();

-- TRIGGER accounts_user leave_dispute
CREATE TRIGGER leave_dispute BEFORE UPDATE OF email, canonical_email, email_verified ON public.accounts_user FOR EACH ROW WHEN ((old.address_dispute IS NOT NULL)) EXECUTE FUNCTION public.accounts_leave_dispute();

-- TRIGGER accounts_user move_not_before
CREATE TRIGGER move_not_before BEFORE UPDATE ON public.accounts_user FOR EACH ROW WHEN (((old.is_active IS DISTINCT FROM new.is_active) OR (old.not_before IS DISTINCT FROM new.not_before))) EXECUTE FUNCTION public.accounts_move_not_before();

-- TRIGGER accounts_user move_sign_in_epoch
CREATE TRIGGER move_sign_in_epoch BEFORE UPDATE ON public.accounts_user FOR EACH ROW WHEN ((((((((((((old.password)::text IS DISTINCT FROM (new.password)::text) OR ((old.username)::text IS DISTINCT FROM (new.username)::text)) OR ((old.email)::text IS DISTINCT FROM (new.email)::text)) OR (old.email_verified IS DISTINCT FROM new.email_verified)) OR (old.is_active IS DISTINCT FROM new.is_active)) OR (old.is_staff IS DISTINCT FROM new.is_staff)) OR (old.is_superuser IS DISTINCT FROM new.is_superuser)) OR (old.second_factor_required IS DISTINCT FROM new.second_factor_required)) OR (old.not_before IS DISTINCT FROM new.not_before)) OR (old.sign_in_epoch IS DISTINCT FROM new.sign_in_epoch))) EXECUTE FUNCTION public.accounts_move_sign_in_epoch();

-- TRIGGER accounts_user settle_dispute
CREATE TRIGGER settle_dispute AFTER UPDATE OF email, canonical_email, email_verified, address_dispute ON public.accounts_user FOR EACH ROW WHEN ((old.address_dispute IS NOT NULL)) EXECUTE FUNCTION public.accounts_settle_dispute();

-- TRIGGER accounts_user settle_dispute_of_deleted
CREATE TRIGGER settle_dispute_of_deleted AFTER DELETE ON public.accounts_user FOR EACH ROW WHEN ((old.address_dispute IS NOT NULL)) EXECUTE FUNCTION public.accounts_settle_dispute();

-- TRIGGER accounts_user_groups audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_user_groups REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '');

ALTER TABLE public.accounts_user_groups ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_user_groups audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_user_groups REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '');

ALTER TABLE public.accounts_user_groups ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_user_groups audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_user_groups REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', 'user_id', '');

ALTER TABLE public.accounts_user_groups ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_user_user_permissions audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_user_user_permissions REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '');

ALTER TABLE public.accounts_user_user_permissions ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_user_user_permissions audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_user_user_permissions REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '');

ALTER TABLE public.accounts_user_user_permissions ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_user_user_permissions audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_user_user_permissions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', 'user_id', '');

ALTER TABLE public.accounts_user_user_permissions ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER accounts_webhook audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.accounts_webhook REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', 'tenant_id', '{"former_secret": "(secret)", "secret": "(secret)"}', '{"failing_since","failures","last_failure","last_success_at","position_floor","position_id","position_txid","rest_until"}', '{"url"}', '{}');

ALTER TABLE public.accounts_webhook ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER accounts_webhook audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.accounts_webhook REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', 'tenant_id', '{"former_secret": "(secret)", "secret": "(secret)"}', '{"failing_since","failures","last_failure","last_success_at","position_floor","position_id","position_txid","rest_until"}', '{"url"}', '{}');

ALTER TABLE public.accounts_webhook ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER accounts_webhook audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.accounts_webhook REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', '', 'tenant_id', '{"former_secret": "(secret)", "secret": "(secret)"}', '{"failing_since","failures","last_failure","last_success_at","position_floor","position_id","position_txid","rest_until"}', '{"url"}', '{}');

ALTER TABLE public.accounts_webhook ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER audit_entry audit_append_only
CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON public.audit_entry FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

ALTER TABLE public.audit_entry ENABLE ALWAYS TRIGGER audit_append_only;

-- TRIGGER audit_entry_MONTH audit_append_only
CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON public.audit_entry_MONTH FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

ALTER TABLE public.audit_entry_MONTH ENABLE ALWAYS TRIGGER audit_append_only;

-- TRIGGER audit_entry_until_MONTH audit_append_only
CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON public.audit_entry_until_MONTH FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

ALTER TABLE public.audit_entry_until_MONTH ENABLE ALWAYS TRIGGER audit_append_only;

-- TRIGGER audit_entry_without_month audit_append_only
CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON public.audit_entry_without_month FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

ALTER TABLE public.audit_entry_without_month ENABLE ALWAYS TRIGGER audit_append_only;

-- TRIGGER audit_personal audit_append_only
CREATE TRIGGER audit_append_only BEFORE UPDATE ON public.audit_personal FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

ALTER TABLE public.audit_personal ENABLE ALWAYS TRIGGER audit_append_only;

-- TRIGGER audit_personal_MONTH audit_append_only
CREATE TRIGGER audit_append_only BEFORE UPDATE ON public.audit_personal_MONTH FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

ALTER TABLE public.audit_personal_MONTH ENABLE ALWAYS TRIGGER audit_append_only;

-- TRIGGER audit_personal_until_MONTH audit_append_only
CREATE TRIGGER audit_append_only BEFORE UPDATE ON public.audit_personal_until_MONTH FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

ALTER TABLE public.audit_personal_until_MONTH ENABLE ALWAYS TRIGGER audit_append_only;

-- TRIGGER audit_personal_without_month audit_append_only
CREATE TRIGGER audit_append_only BEFORE UPDATE ON public.audit_personal_without_month FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

ALTER TABLE public.audit_personal_without_month ENABLE ALWAYS TRIGGER audit_append_only;

-- TRIGGER audit_removal audit_append_only
CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON public.audit_removal FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

ALTER TABLE public.audit_removal ENABLE ALWAYS TRIGGER audit_append_only;

-- TRIGGER audit_retention audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.audit_retention REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"tenant_id"}', '', 'tenant_id');

ALTER TABLE public.audit_retention ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER audit_retention audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.audit_retention REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"tenant_id"}', '', 'tenant_id');

ALTER TABLE public.audit_retention ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER audit_retention audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.audit_retention REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"tenant_id"}', '', 'tenant_id');

ALTER TABLE public.audit_retention ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER audit_seal audit_append_only
CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON public.audit_seal FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

ALTER TABLE public.audit_seal ENABLE ALWAYS TRIGGER audit_append_only;

-- TRIGGER audit_seal_digests audit_append_only
CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON public.audit_seal_digests FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();

ALTER TABLE public.audit_seal_digests ENABLE ALWAYS TRIGGER audit_append_only;

-- TRIGGER auth_group audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.auth_group REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '');

ALTER TABLE public.auth_group ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER auth_group audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.auth_group REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '');

ALTER TABLE public.auth_group ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER auth_group audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.auth_group REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', '', '');

ALTER TABLE public.auth_group ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER auth_group_permissions audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.auth_group_permissions REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '');

ALTER TABLE public.auth_group_permissions ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER auth_group_permissions audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.auth_group_permissions REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '');

ALTER TABLE public.auth_group_permissions ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER auth_group_permissions audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.auth_group_permissions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', '', '');

ALTER TABLE public.auth_group_permissions ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER auth_permission audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.auth_permission REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '');

ALTER TABLE public.auth_permission ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER auth_permission audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.auth_permission REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '');

ALTER TABLE public.auth_permission ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER auth_permission audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.auth_permission REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', '', '');

ALTER TABLE public.auth_permission ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER mfa_authenticator audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.mfa_authenticator REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '', '{"data": "(secret)"}', '{"last_used_at"}', '{}', '{}');

ALTER TABLE public.mfa_authenticator ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER mfa_authenticator audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.mfa_authenticator REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '', '{"data": "(secret)"}', '{"last_used_at"}', '{}', '{}');

ALTER TABLE public.mfa_authenticator ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER mfa_authenticator audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.mfa_authenticator REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', 'user_id', '', '{"data": "(secret)"}', '{"last_used_at"}', '{}', '{}');

ALTER TABLE public.mfa_authenticator ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER socialaccount_socialaccount audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.socialaccount_socialaccount REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '', '{"extra_data": "(personal)", "uid": "(personal)"}', '{}', '{}', '{"date_joined","id","last_login","provider","user_id"}');

ALTER TABLE public.socialaccount_socialaccount ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER socialaccount_socialaccount audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.socialaccount_socialaccount REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', 'user_id', '', '{"extra_data": "(personal)", "uid": "(personal)"}', '{}', '{}', '{"date_joined","id","last_login","provider","user_id"}');

ALTER TABLE public.socialaccount_socialaccount ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER socialaccount_socialaccount audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.socialaccount_socialaccount REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', 'user_id', '', '{"extra_data": "(personal)", "uid": "(personal)"}', '{}', '{}', '{"date_joined","id","last_login","provider","user_id"}');

ALTER TABLE public.socialaccount_socialaccount ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER socialaccount_socialapp audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.socialaccount_socialapp REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '', '{"key": "(secret)", "secret": "(secret)"}', '{}', '{}', '{}');

ALTER TABLE public.socialaccount_socialapp ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER socialaccount_socialapp audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.socialaccount_socialapp REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '', '{"key": "(secret)", "secret": "(secret)"}', '{}', '{}', '{}');

ALTER TABLE public.socialaccount_socialapp ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER socialaccount_socialapp audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.socialaccount_socialapp REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', '', '', '{"key": "(secret)", "secret": "(secret)"}', '{}', '{}', '{}');

ALTER TABLE public.socialaccount_socialapp ENABLE ALWAYS TRIGGER audit_update;

-- TRIGGER socialaccount_socialtoken audit_create
CREATE TRIGGER audit_create AFTER INSERT ON public.socialaccount_socialtoken REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '', '{"token": "(secret)", "token_secret": "(secret)"}', '{}', '{}', '{}');

ALTER TABLE public.socialaccount_socialtoken ENABLE ALWAYS TRIGGER audit_create;

-- TRIGGER socialaccount_socialtoken audit_delete
CREATE TRIGGER audit_delete AFTER DELETE ON public.socialaccount_socialtoken REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_created_or_deleted('{"id"}', '', '', '{"token": "(secret)", "token_secret": "(secret)"}', '{}', '{}', '{}');

ALTER TABLE public.socialaccount_socialtoken ENABLE ALWAYS TRIGGER audit_delete;

-- TRIGGER socialaccount_socialtoken audit_update
CREATE TRIGGER audit_update AFTER UPDATE ON public.socialaccount_socialtoken REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_write_updated('{"id"}', '', '', '{"token": "(secret)", "token_secret": "(secret)"}', '{}', '{}', '{}');

ALTER TABLE public.socialaccount_socialtoken ENABLE ALWAYS TRIGGER audit_update;
