"""The Node library oidc-provider, which keeps everything in its own memory."""
