"""Who a wave writes to: people who have not signed, and officials who are told figures."""
