# The product without the embedded servers. It needs DATABASE_URL, DATABASE_OWNER_URL (for migrations), REDIS_URL,
# SECRET_KEY and PUBLIC_URL. Based on Debian, because some wheels are built for glibc only.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
RUN python -m venv /venv
COPY requirements.lock ./
# The lock is complete, so that --no-deps works, and every version of pip reads it alike (ADR 26).
RUN /venv/bin/pip install --no-deps --require-hashes --requirement requirements.lock && /venv/bin/pip check
COPY manage.py ./
COPY config config
COPY console console
COPY api api
COPY authserver authserver
COPY providers providers
COPY webhooks webhooks
COPY accounts accounts
COPY jobs jobs
COPY tenancy tenancy
COPY audit audit
COPY foundation foundation
COPY templates templates
COPY locale locale
COPY static static
# collectstatic needs settings but no servers. These values are not in the final image.
RUN MODE=production SECRET_KEY=only-while-static-files-are-collected-in-this-stage PUBLIC_URL=https://build.invalid \
    DATABASE_URL=postgresql://build.invalid/ REDIS_URL=redis://build.invalid/0 \
    /venv/bin/python manage.py collectstatic --no-input

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MODE=production
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin vestibule
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-m", "config.alive"]
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
