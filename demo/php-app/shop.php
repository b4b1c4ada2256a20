<?php
// The shop of the demo in PHP: the same requests and answers as the Tomcat one (demo/tomcat-app).

const ITEMS_SHOWN = 200;

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$action = $_SERVER['REQUEST_METHOD'] . ' ' . substr($path, strlen('/shop'));
if ($action === 'GET /health') exit('ok');

// The session ends when nobody has used it for so many seconds.
if ($action === 'POST /brief') ini_set('session.gc_maxlifetime', (string) (int) $_GET['seconds']);
session_start();
$isNew = !isset($_SESSION['created']);
if ($isNew) $_SESSION += ['created' => gmdate('c') . '-' . bin2hex(random_bytes(8)), 'user' => null, 'count' => 0, 'items' => []];

switch ($action) {
    case 'GET /cart':
        answer($isNew);
        break;
    case 'POST /cart':
        add($_GET['item'] ?? '');
        answer($isNew);
        break;
    case 'GET /slow':
    case 'POST /slow':
        // Slow pages write late: what they add is only in memory until then.
        usleep(1000 * min((int) ($_GET['ms'] ?? 0), 60_000));
        add($_GET['item'] ?? '');
        answer($isNew);
        break;
    case 'POST /early':
        // What this adds is saved only when the script has ended, after its answer.
        add($_GET['item'] ?? '');
        answer($isNew);
        fastcgi_finish_request();
        usleep(1000 * min((int) ($_GET['ms'] ?? 0), 60_000));
        break;
    case 'POST /login':
        if (($_GET['user'] ?? '') !== 'demo' || ($_GET['password'] ?? '') !== 'demo') {
            http_response_code(403);
            break;
        }
        // Session fixation: the id changes with the log-in (OWASP Session Management Cheat Sheet).
        session_regenerate_id(true);
        $_SESSION['user'] = 'demo';
        answer($isNew);
        break;
    case 'POST /soap':
        preg_match('#<item>([^<]*)</item>#', file_get_contents('php://input'), $found);
        add($found[1] ?? '');
        header('Content-Type: text/xml; charset=utf-8');
        echo '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><added><count>',
            $_SESSION['count'], '</count></added></soap:Body></soap:Envelope>';
        break;
    case 'POST /brief':
        echo '{}';
        break;
    case 'POST /logout':
        session_destroy();
        echo '{}';
        break;
    default:
        http_response_code(404);
}

function add(string $item): void
{
    if ($item === '') return;
    $_SESSION['count']++;
    $_SESSION['items'] = array_slice([...$_SESSION['items'], $item], -ITEMS_SHOWN);
}

/** With its length, as many frameworks do: a client then has the answer before the session is saved. */
function answer(bool $isNew): void
{
    $shown = ['user' => $_SESSION['user'], 'created' => $_SESSION['created'], 'new' => $isNew];
    $json = json_encode(['count' => $_SESSION['count'], 'items' => $_SESSION['items'], ...$shown]);
    header('Content-Type: application/json');
    header('Content-Length: ' . strlen($json));
    echo $json;
}
