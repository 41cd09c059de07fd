import time, os
def test_a(database):
    from django.db import connection
    with connection.cursor() as c:
        c.execute("select current_user, current_database(), version()"); print(c.fetchone())
    if os.environ.get("SLOW"): time.sleep(60)
def test_b(database): pass
