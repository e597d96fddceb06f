"""Addresses by which spreadsheets and dashboards read a round's recap, as figures only, without a header they could not send."""
