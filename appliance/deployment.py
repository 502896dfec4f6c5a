"""Runs the commands of docs/DEPLOYMENT.md in a booted container, as appliance/runbook.py does with docs/OPERATIONS.md.

    deployment.py REPOSITORY LEADER

LEADER is the process id of the container's init.
"""

from __future__ import annotations

import pathlib
import re
import sys

import runbook

PAGE = "docs/DEPLOYMENT.md"

# One proxy listens at a time.
STOP_ALL = "systemctl stop nginx caddy haproxy\n"


def proxy_block(text, title):
    """The block of the document that follows the marker of a proxy."""
    return re.search(rf"<!-- proxy: {title} -->\n```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[1]


def write(path, text):
    return f"cat > {path} << 'END'\n{text}END\n"


def nginx(text, is_below_a_path=False, more=""):
    """A script that writes the settings of nginx: the document's block, with what has to stand around it on this host."""
    block = proxy_block(text, "nginx")
    certificate = "ssl_certificate /etc/ssl/noc.pem; ssl_certificate_key /etc/ssl/noc.key;"
    block = block.replace("# ssl_certificate and ssl_certificate_key", f"{certificate}\n{more}")
    if is_below_a_path:
        variables = block[:block.index("server {")]
        block = f"{variables}server {{\nlisten 443 ssl;\nserver_name example.org;\n{certificate}\n{proxy_block(text, 'nginx /noc')}}}\n"
    return STOP_ALL + write("/etc/nginx/conf.d/unoc.conf", block)


def caddy(text, is_below_a_path=False, more=""):
    block = proxy_block(text, "caddy /noc" if is_below_a_path else "caddy")
    # There is nobody who gives a certificate.
    certificate = "tls /etc/caddy/noc.pem /etc/caddy/noc.key"
    files = "install -o caddy -m 600 /etc/ssl/noc.pem /etc/ssl/noc.key /etc/caddy\n"
    return STOP_ALL + files + write("/etc/caddy/Caddyfile", block.replace("{\n", f"{{\n\t{certificate}\n{more}", 1))


def haproxy(text, is_below_a_path=False, more="", head=""):
    block = proxy_block(text, "haproxy")
    if is_below_a_path:
        block = block.replace("default_backend unoc", proxy_block(text, "haproxy /noc").strip())
        block = block.replace("/health/live", "/noc/health/live")
    block = block.replace("default_backend unoc", f"{more}default_backend unoc")
    return STOP_ALL + write("/etc/haproxy/haproxy.cfg", head + block)


def before(text):
    """What has happened before a command, as the text above it says: scripts that root runs."""
    caddy_password = proxy_block(text, "caddy password").replace("HASH", "$(caddy hash-password --plaintext PASSWORD)")
    haproxy_users = "userlist unoc\n    user ada password $(openssl passwd -6 PASSWORD)\n"
    return {
        "Who is told of incidents: sudo unoc config check": '''
            umask 027
            echo smtp://user:password@mail.example.org:587 > /etc/unoc/smtp_url
            echo https://heartbeat.example.org/unoc > /etc/unoc/heartbeat_url
            echo https://chat.example.org/hook > /etc/unoc/slack_url
            echo routing-key > /etc/unoc/pagerduty_key
            chgrp unoc /etc/unoc/*_url /etc/unoc/pagerduty_key''',
        # A site to mirror.
        "sudo -u postgres createuser --createdb unoc": "curl -sf --unix-socket /run/unoc/unoc.sock -X POST http://localhost/api/seed",
        "sudo install -m 644 ca.pem /etc/unoc/db-ca.pem": '''
            cd /home/engineer
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=db.example.org \\
              -addext subjectAltName=DNS:db.example.org -keyout /etc/postgresql/db.key -out ca.pem 2> /dev/null
            install -o postgres -m 600 ca.pem /etc/postgresql/db.pem
            chown postgres /etc/postgresql/db.key
            cd /
            for words in "ssl_cert_file = '/etc/postgresql/db.pem'" "ssl_key_file = '/etc/postgresql/db.key'" 'ssl = on'; do
              runuser -u postgres -- psql -q -c "ALTER SYSTEM SET $words"
            done
            runuser -u postgres -- psql -q -c "ALTER ROLE unoc PASSWORD 'PASSWORD'"
            systemctl restart postgresql''',
        # A second server that follows the first one, until the first one is lost.
        "A cluster that fails over (Patroni): sudo unoc sync now": '''
            cd /
            install -d -o postgres /run/standby
            pg_createcluster 15 standby -p 5433 -s /run/standby > /dev/null
            sed -i 's/^port = .*/port = 5432/' /etc/postgresql/15/standby/postgresql.conf
            echo "listen_addresses = '127.0.0.2'" >> /etc/postgresql/15/standby/postgresql.conf
            rm -r /var/lib/postgresql/15/standby
            runuser -u postgres -- pg_basebackup -h /var/run/postgresql -D /var/lib/postgresql/15/standby -R -c fast
            systemctl start postgresql@15-standby''',
        "sudo unoc sync now; sudo unoc sync status": '''
            systemctl stop postgresql@15-main
            curl -sf --unix-socket /run/unoc/unoc.sock http://localhost/api/devices/provision \
              -H 'Content-Type: application/json' -d '{"name":"POP-of-the-fail-over","device_type":"POP"}'
            pg_ctlcluster 15 standby promote''',
        # A share is mounted.
        "sudo install -d -o unoc -g unoc -m 700 /mnt/nfs/unoc": '''
            mkdir -p /mnt/nfs
            mount -t tmpfs share /mnt/nfs''',
        # What an authority would have issued.
        "sudo install -m 644 noc.pem /etc/unoc/tls.pem": '''
            cd /home/engineer
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=noc.example.org \\
              -addext subjectAltName=DNS:noc.example.org -keyout noc.key -out noc.pem 2> /dev/null
            chown engineer noc.key noc.pem''',
        # Proxies use ports 80 and 443 again.
        "Reverse proxy: sudo systemctl restart unoc": '''
            sed -i '/^tls_/d; /^port/d; /^http_redirect_port/d' /etc/unoc/unoc.toml
            sed -i '/^PrivateUsers=no/d; /CAP_NET_BIND_SERVICE/d' /etc/systemd/system/unoc.service.d/override.conf
            systemctl daemon-reload''',
        "sudo systemctl reload caddy": caddy(text) + '''
            echo 'cacert = /etc/ssl/noc.pem' >> /home/engineer/.curlrc
            systemctl start caddy''',
        "sudo nginx -t && sudo systemctl reload nginx": nginx(text) + "systemctl start nginx",
        "sudo haproxy -c -f /etc/haproxy/haproxy.cfg": haproxy(text),
        "sudo nginx -t && sudo systemctl restart nginx": nginx(text, more=proxy_block(text, "nginx password")),
        "A password: sudo systemctl restart caddy": caddy(text, more=caddy_password).replace("'END'", "END"),
        "sudo haproxy -c -V -f /etc/haproxy/haproxy.cfg":
            haproxy(text, more=proxy_block(text, "haproxy password"), head=haproxy_users).replace("'END'", "END"),
        "sudo systemctl restart unoc && sudo systemctl restart caddy": caddy(text, is_below_a_path=True),
        "Under a sub-path: sudo systemctl restart nginx": nginx(text, is_below_a_path=True),
        "Under a sub-path: sudo systemctl restart haproxy": haproxy(text, is_below_a_path=True),
        "Hosts and origins: curl -i -H 'Host: other.example.net' http://localhost:5001/health": '''
            sed -i /^base_path/d /etc/unoc/unoc.toml
            systemctl restart unoc''',
        # The proxy that asks for a password, and a public key of the recovery kit.
        "Hardening checklist: ss -Htln 'sport = :5001'":
            nginx(text, more=proxy_block(text, "nginx password")) + '''
            systemctl start nginx
            key=$(unoc backup keygen | grep -o 'age1[0-9a-z]*' | head -n 1)
            sed -i "1i backup_recipients = '$key'" /etc/unoc/unoc.toml
            systemctl restart unoc
            unoc backup now''',
        # The site of the lost host has a device of its own, and the new host has nothing.
        "Replacing a dead host: sudo ./unoc install --no-start": '''
            curl -sf --unix-socket /run/unoc/unoc.sock http://localhost/api/devices/provision \
              -H 'Content-Type: application/json' -d '{"name":"POP-of-the-lost-host","device_type":"POP"}'
            unoc sync now
            unoc uninstall --purge --yes''',
        # UNOC v2 runs on this host, with a database of its own, and UNOC has an empty store and no mirror yet.
        "v2=(--from-postgres --database-url-file /etc/unoc/v2_url)": '''
            cd /
            systemctl start postgresql@15-main
            until pg_isready -q -h 127.0.0.1; do sleep 0.1; done
            runuser -u postgres -- psql -h /var/run/postgresql -q -c "ALTER ROLE unoc PASSWORD 'unocpw'"
            runuser -u postgres -- createdb -h /var/run/postgresql -O unoc -E UTF8 -T template0 unocdb
            psql -q -v ON_ERROR_STOP=1 postgresql://unoc:unocpw@127.0.0.1/unocdb < /root/v2.sql > /dev/null
            pg_dump postgresql://unoc:unocpw@127.0.0.1/unocdb > /home/engineer/v2.sql
            systemctl stop unoc
            sed -i '/^database_url_file/d; /^site_id/d' /etc/unoc/unoc.toml
            rm -r /var/lib/unoc/*''',
    }


# What stands for something on this host, and the command that names it.
EXAMPLES = {
    "the-uuid-of-the-lost-site":
        'psql "$(cat /etc/unoc/database_url)" -At -c "SELECT site_id FROM sites"',
}


def main():
    repository, leader = sys.argv[1:]
    text = pathlib.Path(repository, PAGE).read_text(encoding="utf-8")
    steps, faults = runbook.read_complete(repository, PAGE)
    return runbook.report(faults + runbook.run_page(PAGE, steps, runbook.Host(leader), before(text), EXAMPLES))


if __name__ == "__main__":
    sys.exit(main())
