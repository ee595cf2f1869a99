import io.trino.testing.LocalQueryRunner;
import io.trino.testing.MaterializedResult;
import io.trino.testing.MaterializedRow;
import io.trino.testing.TestingSession;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Answers queries: one in base64 on each line of standard input, one answer in base64 on each line that begins with `>`. */
public class Recorder {
    public static void main(String[] given) throws Exception {
        LocalQueryRunner trino = LocalQueryRunner.builder(TestingSession.testSessionBuilder().build()).build();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        System.out.println("READY");
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String answer = answer(trino, new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8));
            System.out.println(">" + Base64.getEncoder().encodeToString(answer.getBytes(StandardCharsets.UTF_8)));
        }
    }

    /** Columns, types and rows, separated by 1E; inside of them by 1F; null is 00. */
    private static String answer(LocalQueryRunner trino, String sql) {
        try {
            MaterializedResult result = trino.execute(sql);
            List<String> types = new ArrayList<>();
            result.getTypes().forEach(type -> types.add(type.getDisplayName()));
            List<String> parts = new ArrayList<>(List.of("OK", String.join("\u001f", result.getColumnNames()), String.join("\u001f", types)));
            for (MaterializedRow row : result.getMaterializedRows()) {
                List<String> fields = new ArrayList<>();
                for (Object field : row.getFields()) fields.add(field == null ? "\u0000" : field.toString());
                parts.add(String.join("\u001f", fields));
            }
            return String.join("\u001e", parts);
        } catch (RuntimeException error) {
            return "ERROR\u001e" + error.getMessage();
        }
    }
}
