-- The rows of consentcore's tables, in their sizes and states. $names are put in by filling.py; a line with two dashes
-- begins a statement and names it.

-- owners
INSERT INTO owner (owner_id, email, created_at, name, locale, timezone)
SELECT md5('o' || i)::uuid::text, 'owner' || i || '@example.org', $now, 'Ada', 'en', 'UTC'
FROM generate_series(0::bigint, ($grants - 1) / $pairs) i

-- grants
INSERT INTO consent_grant (grant_id, owner_id, client_id, state, scopes, created_at, changed_at, expires_at, resources,
    replaces, sequence, head, seal, key_id)
SELECT md5('g' || i)::uuid::text, md5('o' || i / $pairs)::uuid::text, 'client-' || i % $clients, 'active',
    '["comfort.read@1","energy.read@1"]', $now - i, $now - i, $now + $day * (30 + i % 300), '["site-1"]', '',
    $events / $grants, sha256(('h' || i)::bytea), sha256(('s' || i)::bytea), 'test1'
FROM generate_series(0::bigint, $grants - 1) i

-- families
INSERT INTO code (code_hash, family_id, grant_id, client_id, redirect_uri, redirect_uri_given, code_challenge, scopes,
    created_at, expires_at, used_at, purge_at, ends_at, rotated_hash, successor_hash, access_hash, grace_until,
    family_proof)
SELECT sha256(('c' || i)::bytea), md5('f' || i)::uuid::text, md5('g' || i % $grants)::uuid::text,
    'client-' || i % $grants % $clients, 'https://app.example/callback', true,
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', '["comfort.read","energy.read"]', $now, $now + 60000, $now + 1000,
    $now + $day * 30, $now + $day * 30, sha256(('t' || i * $each + 7)::bytea), sha256(('t' || i * $each + 9)::bytea),
    sha256(('t' || i * $each + 8)::bytea), $now, substring(sha256(('p' || i)::bytea) for 16)
FROM generate_series(0::bigint, $families - 1) i

-- tokens
INSERT INTO token (token_hash, kind, family_id, scopes, created_at, expires_at, rotated_at, seal)
SELECT sha256(('t' || i)::bytea), CASE WHEN i % 2 = 0 THEN 'access' ELSE 'refresh' END,
    md5('f' || i / $each)::uuid::text, '["comfort.read","energy.read"]', $now,
    $now + CASE WHEN i % 2 = 0 THEN $day ELSE $day * 30 END + i % 86400000,
    CASE WHEN i % 2 = 1 AND i % $each <> $each - 1 THEN $now + 2000 END,
    CASE WHEN i % 2 = 0 OR i % $each = $each - 1
        THEN decode('74657374313a', 'hex') || sha256(('x' || i)::bytea) END
FROM generate_series(0::bigint, $tokens - 1) i

-- events
INSERT INTO consent_event (event_id, grant_id, sequence, type, owner_id, client_id, occurred_at, body, prev_hash,
    record_hash, key_id, leaf_index)
SELECT md5('e' || i)::uuid::text, md5('g' || i % $grants)::uuid::text, i / $grants + 1,
    CASE WHEN i < $grants THEN 'granted' ELSE 'amended' END, md5('o' || i % $grants / $pairs)::uuid::text,
    'client-' || i % $grants % $clients, $now - $day + i,
    rpad('{"grant_id":"' || md5('g' || i % $grants) || '","v":"', 900, md5(i::text)) || '"}',
    sha256(('h' || i)::bytea), sha256(('r' || i)::bytea), 'test1', i
FROM generate_series(0::bigint, $events - 1) i

-- notices
INSERT INTO notice (notice_id, kind, grant_id, client_id, owner_id, audiences, occurred_at, data, expanded_at,
    feed_index, seal)
SELECT md5('e' || i)::uuid::text, 'consent.granted', md5('g' || i % $grants)::uuid::text,
    'client-' || i % $grants % $clients, md5('o' || i % $grants / $pairs)::uuid::text, '["owner","client"]',
    $now - $day + i, rpad('{"scopes":"', 300, md5(i::text)) || '"}', $now, i + 1, sha256(('n' || i)::bytea)
FROM generate_series(0::bigint, $events - 1) i

-- deliveries
INSERT INTO delivery (delivery_id, notice_id, notifier, target, created_at, next_at, state, attempts, lease_token, body,
    last_error, finished_at, seal)
SELECT md5('d' || i)::uuid::text, md5('e' || i)::uuid::text, 'webhook', 'endpoint-' || i % $targets, $now - $day + i,
    $now - $day + i, CASE WHEN i < $pending THEN 'pending' ELSE 'delivered' END, 1, '',
    rpad('{"type":"consent.granted"', 500, 'x')::bytea, '', CASE WHEN i < $pending THEN NULL ELSE $now END,
    sha256(('d' || i)::bytea)
FROM generate_series(0::bigint, $deliveries - 1) i

-- attempts
INSERT INTO delivery_attempt (delivery_id, number, started_at, latency_ms, outcome, status, error, answer, trigger)
SELECT delivery_id, 1, created_at, 20, 'delivered', 204, '', '', 'schedule' FROM delivery WHERE state = 'delivered'
