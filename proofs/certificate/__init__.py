"""Certificates: one file by which a stranger re-checks a tally. See docs/certificate.md."""
